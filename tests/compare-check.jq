# What is wrong with a report of bench/compare, one line each; then "checked".
# $ci: not empty where every path must run. $skips: the text of compare-skips.txt.

def words: split("\\s+"; "") | map(select(. != ""));
def permitted:
  $skips | split("\n") | map(select(test("^\\s*(#|$)") | not)
    | capture("^(?<where>\\S+)\\s+(?<path>\\S+)\\s+(?<reason>.+)$"))
  | map(select(.where == "everywhere" or $ci == ""));
def allowed($row; $path):
  . as $permitted | $permitted | any((.path == "*" or .path == $path)
    and (.reason as $r | $row.skipped | test($r)));
def memory_name: "\(.op) \(.impl) \(.level // "-") \(.jdk) \(.size) \(.threads)";
def channel_name: "\(.op) \(.impl) \(.buffer // .peer // "-") \(.jdk) \(.size) \(.threads)";
def name: "\(.path) \(.impl) \(.jdk // "-") \(.source)->\(.target) \(.size)";

def agent_name: "agent: \(.case) \(.mode) \(.peer // "-") \(.jdk) \(.size)";
def agent_wrong($jdks; $quick):
  .rows as $rows
  | ($jdks[] as $jdk
      | ("start-up", "allocate-free", "allocate-free-counted", "read", "transferTo",
         "transferFrom", "kafka") as $case
      | if $rows | any(.case == $case and .jdk == $jdk and .mode == "stock") | not
        then "no row of agent: \($case) on \($jdk)" else empty end),
    ($rows[]
      | if .failed != null then "failed: \(agent_name): \(.failed)"
        elif .skipped != null then
          if .case == "kafka" and $quick and (.skipped | test("--quick")) then empty
          else "skipped, not permitted: \(agent_name): \(.skipped)" end
        elif .verified != true then "not verified: \(agent_name): \(.problem)"
        elif (.ns.median // 0) <= 0 then "no figure: \(agent_name)"
        elif .ratio_to_stock == null then "no ratio: \(agent_name)"
        else empty end);

def fault: "\(.case) of \(.impl), JDK \(.jdk), \(.mode)";

# Spreads of milliseconds that are in order and not negative.
def spread: type == "object" and .min >= 0 and .min <= .median and .median <= .max;
def life_name: "\(.op) \(.count) \(.label)";
def life_wrong($jdks):
  .rows as $rows
  | (($jdks[]) as $jdk | ("jdk", "znio") as $impl
      | ("buffers gc", "buffers free", "many gc", "mappings gc", "mappings free", "limit live",
        "limit garbage") as $work
      | if $rows | any(.jdk == $jdk and .impl == $impl and .verified == true
          and "\(.op) \(.by // .content)" == $work) | not
        then "no life of \($work) by \($impl) on \($jdk)" else empty end),
    ($rows[]
      | if .failed != null then "failed: \(life_name): \(.failed)"
        elif .skipped == "" then "skipped without a reason: \(life_name)"
        elif .skipped != null then
          if .level == "checked" and (.skipped | test("runs at the level")) then empty
          else "skipped, not permitted: \(life_name): \(.skipped)" end
        elif .verified != true then "not verified: \(life_name): \(.wrong)"
        elif .op == "limit" then
          if (.wait_ms | spread) and (.first_ms | spread) and (.waits | spread)
            and (.message != null or .outcome == "allocated")
            and (.content == "garbage" or .outcome == "OutOfMemoryError")
          then empty else "no wait: \(life_name)" end
        elif .leaks != "sampled" and (.events.cleaned.count != .count
          or ((.events.cleaned.first_ms, .events.cleaned.last_ms) | spread | not))
        then "not all cleaned: \(life_name)"
        elif .thread == null then "no thread: \(life_name)"
        elif .by == "gc" and ((.gc.start_ms | spread | not) or (.thread | test("main")))
        then "not cleaned after a collection: \(life_name)"
        elif .impl == "znio" and .by == "gc"
          and (.op != "many" and .birth == null or (.thread | test("Reference Handler")))
        then "no leak of znio: \(life_name)"
        elif (.series.ms | length) < 2 or (.series.ms | length) != (.series.live_items | length)
        then "no curve: \(life_name)"
        else empty end);

.chapters.paths.rows as $rows
| .chapters.faults.rows as $faults
| .chapters.memory.rows as $memory
| .chapters.channel.rows as $channel
| permitted as $permitted
| (if .schema != 1 then "schema is \(.schema)" else empty end),
  (if ($rows | length) < 100 then "only \($rows | length) rows" else empty end),
  (($paths | words)[] as $p | ("c", "znio") as $impl
    | [$rows[] | select(.path == $p and .impl == $impl)] as $of
    | if ($of | length) == 0 then "no row of \($p) by \($impl)"
      elif $ci != "" and ($of | all(.verified != true)) then "\($p) by \($impl) never ran"
      else empty end),
  (($jdk_paths | words)[] as $p
    | if $rows | any(.path == $p and .impl == "jdk" and .verified == true) | not
      then "\($p) by the jdk never ran" else empty end),
  ($rows[] | select(.explained != true)
    | if .failed != null then "failed: \(name): \(.failed)"
      elif .skipped == null and .verified != true then "not verified: \(name)"
      elif .skipped == null and (.gbps.median // 0) <= 0 then "no speed: \(name)"
      elif .skipped == "" then "skipped without a reason: \(name)"
      elif .skipped != null then
        . as $row
        | if $permitted | allowed($row; $row.path) then empty
          else "skipped, not permitted: \(name): \(.skipped)" end
      else empty end),
  (.machine.jdks[] as $jdk | ($memory_ops | words)[] as $op
    | ("znio checked", "znio tracked", "znio unchecked", "jdk-clean") as $who
    | if $memory | any(.op == $op and .jdk == $jdk
        and $who == (.impl + if .level then " " + .level else "" end))
      then empty else "no row of \($op) by \($who) on \($jdk)" end),
  ($memory[]
    | if .failed != null then "failed: \(memory_name): \(.failed)"
      elif .skipped != null then
        . as $row
        | if $permitted | allowed($row; $row.op) then empty
          else "skipped, not permitted: \(memory_name): \(.skipped)" end
      elif .verified != true then "not verified: \(memory_name): \(.problem)"
      elif ((.ns // .bytes).median // 0) <= 0 then "no figure: \(memory_name)"
      elif .ratio_to_jdk == null then "no ratio: \(memory_name)"
      else empty end),
  (.machine.jdks[] as $jdk | ($channel_ops | words)[] as $op | ("znio", "jdk") as $impl
    | if $channel | any(.op == $op and .jdk == $jdk and .impl == $impl and .verified == true)
      then empty else "\($op) by the channel of \($impl) never ran on \($jdk)" end),
  ($channel[]
    | if .failed != null then "failed: \(channel_name): \(.failed)"
      elif .skipped != null then "skipped, not permitted: \(channel_name): \(.skipped)"
      elif .verified != true then "not verified: \(channel_name): \(.problem)"
      elif (.ns.median // 0) <= 0 then "no figure: \(channel_name)"
      elif .ratio_to_jdk == null then "no ratio: \(channel_name)"
      elif (.by_round | length) == 0 then "no rounds: \(channel_name)"
      else empty end),
  (if ($faults | length) < 50 * (.machine.jdks | length) then "only \($faults | length) faults" else empty end),
  (("silent", "crash") as $outcome
    | if $faults | any(.impl == "jdk" and .outcome == $outcome) | not
      then "no fault of the jdk is \($outcome): the cases prove nothing" else empty end),
  ($faults[]
    | if .failed != null then "failed: \(fault): \(.failed)"
      elif .skipped != null then (if $ci != "" then "skipped: \(fault): \(.skipped)" else empty end)
      elif .mode | IN("int", "c1", "c2") | not then "mode \(.mode): \(fault)"
      elif .outcome | IN("exception", "error", "rescued", "silent", "crash") | not
      then "outcome \(.outcome): \(fault)"
      elif .impl == "znio" and (.outcome | IN("silent", "crash")) then "\(.outcome): \(fault)"
      elif .impl == "znio" and .situation == "misuse" and .outcome != "exception"
        and .operation != "unmap-under-loop"
      then "\(.outcome): \(fault)"
      else empty end),
  (.machine.jdks as $jdks | .chapters.agent | agent_wrong($jdks; .quick)),
  (.machine.jdks as $jdks | .chapters.lifecycle | life_wrong($jdks)),
  "checked"

# What is wrong with a report of bench/compare, one line each; then "checked".
# $ci: not empty where every path must run. $skips: the text of compare-skips.txt.

def words: split("\\s+"; "") | map(select(. != ""));
def permitted:
  $skips | split("\n") | map(select(test("^\\s*(#|$)") | not)
    | capture("^(?<where>\\S+)\\s+(?<path>\\S+)\\s+(?<reason>.+)$"))
  | map(select(.where == "everywhere" or $ci == ""));
def name: "\(.path) \(.impl) \(.jdk // "-") \(.source)->\(.target) \(.size)";

def fault: "\(.case) of \(.impl), JDK \(.jdk), \(.mode)";

.chapters.paths.rows as $rows
| .chapters.faults.rows as $faults
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
        | if $permitted | any((.path == "*" or .path == $row.path)
            and (.reason as $r | $row.skipped | test($r)))
          then empty else "skipped, not permitted: \(name): \(.skipped)" end
      else empty end),
  (if ($faults | length) < 60 then "only \($faults | length) faults" else empty end),
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
  "checked"

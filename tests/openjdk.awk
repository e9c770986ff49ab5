# SPDX-License-Identifier: Apache-2.0
# What a run of tests/openjdk says. Files: the tests that were asked for, of our channel also the
# exclusions and the opens that the provider counted, and jtreg's summaries, of the JDK alone and
# of ours. Variables: jdk, its number; who, what ours is; channel, set when it is our channel;
# least, how many tests must count; of, what the next file is.
function name(test) { sub(/#.*/, "", test); return test }
function wrong(what) { print "WRONG: " what; failed = 1 }
of == "exclusions" && !/^#/ && NF {
  test = $2
  if (("," $1 ",") ~ ("," jdk ",")) { $1 = $2 = ""; sub(/^ +/, ""); excluded[test] = $0 }
}
of == "tests" { asked[$1] = 1 }
of == "opens" { opens[name($3)] += $1 }
of == "stock" && (name($1) in asked) {
  stock[$1] = $2 == "Passed."; ran[name($1)] = 1; n["stock", stock[$1]]++
}
of == "ours" { ours[$1] = $2 == "Passed."; ran[name($1)] = 1; n["ours", ours[$1]]++ }
function count() {
  for (test in ours) {
    used = opens[name(test)]
    if (used) { n["used"]++; sum += used }
    if (ours[test] && (used || !channel)) n["count"]++
  }
  printf "the JDK alone: %d passed, %d failed\n", n["stock", 1], n["stock", 0]
  printf "%s: %d passed, %d failed\n", who, n["ours", 1], n["ours", 0]
  if (channel) printf "%d used it, and opened %d\n", n["used"], sum
  printf "%d used it and passed; at least %d must\n", n["count"], least
  if (n["count"] < least) wrong("too few")
}
function differences() {
  for (test in stock) {
    reason = excluded[name(test)]
    if (!(test in ours)) wrong(test " did not run on " who)
    else if (stock[test] && !ours[test] && reason) print "excluded: " test ": " reason
    else if (stock[test] && !ours[test]) wrong(test " passes on the JDK alone and fails on " who)
    else if (!stock[test] && ours[test]) print "better: " test " fails on the JDK alone"
    else if (!stock[test]) print "neither: " test " fails on both"
    else if (reason) wrong(test " is excluded, and passes")
    else if (channel && !opens[name(test)]) wrong(test " did not use our channel: take it off the list")
  }
  for (test in asked) if (!ran[test]) print "not run: " test " asks for another machine"
}
END { count(); differences(); exit failed }

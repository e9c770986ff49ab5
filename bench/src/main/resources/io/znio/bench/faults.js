// SPDX-License-Identifier: Apache-2.0
// The chapter "faults": what each owner of memory makes of each fault, as a table of outcomes.
'use strict';
(() => {
  const {el, feature, groupBy, table} = znio;

  const OUTCOMES = {
    exception: 'a Java exception',
    error: 'a Java error, which HotSpot may throw some statements late',
    rescued: 'the access saw zeros, and the owner of the memory tells file and offset',
    silent: 'it went on with the bytes of somebody else, or with zeros, and nobody says a word',
    crash: 'the JVM is dead',
  };
  const OWNERS = {
    'znio': 'znio', 'jdk': 'JDK', 'arena-shared': 'shared Arena',
    'znio-tracked': 'znio, tracked', 'znio-unchecked': 'znio, unchecked',
  };
  const ownerOf = (row) => `${OWNERS[row.impl] || row.impl} (${feature(row.jdk)})`;
  // In the order of OWNERS, each with its JDKs.
  const ownersOf = (rows) => [...new Set(Object.keys(OWNERS)
    .flatMap((impl) => rows.filter((row) => row.impl === impl)).map(ownerOf))];
  const word = (row) => row.outcome || (row.skipped ? 'skipped' : 'FAILED');
  const badge = (outcome, text) => el('span', {class: `outcome ${outcome.toLowerCase()}`}, text || outcome);

  function faults(chapter, main) {
    const rows = chapter.rows.filter((row) => row.situation);
    main.append(el('h2', null, 'Faults'),
      el('p', {class: 'soft'}, 'What a program sees that uses memory after its end, ends it twice, or loses it while it uses it. Each case ran in a JVM of its own, in the interpreter (int), in code of the first compiler (c1) and of the second (c2). znio at its default level; the JDK by allocateDirect, map and invokeCleaner.' + (chapter.quick ? ' A quick run: few operations, hot code only.' : '')),
      legend());
    const failed = chapter.rows.filter((row) => row.failed);
    if (failed.length) {
      main.append(el('div', {class: 'panel'}, el('h3', null, 'Cases that prove nothing'),
        el('ul', {class: 'plain'}, failed.map((row) => el('li', null, `${row.case} (${row.impl}, ${row.mode}): ${row.failed}`)))));
    }
    counts(rows, main);
    const owners = ownersOf(rows);
    for (const [situation, here] of groupBy(rows, (row) => row.situation)) {
      main.append(el('section', {class: 'panel'}, el('h3', null, situation),
        el('p', {class: 'soft'}, `${sentence((chapter.situations || {})[situation] || '')}`),
        matrix(here, owners.filter((owner) => here.some((row) => ownerOf(row) === owner)))));
    }
    details(rows, main);
  }

  const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.` : '');

  function legend() {
    return el('ul', {class: 'plain outcomes'}, Object.entries(OUTCOMES).map(([outcome, text]) =>
      el('li', null, badge(outcome), ` ${text}`)));
  }

  // How often each outcome came, by owner.
  function counts(rows, main) {
    const seen = Object.keys(OUTCOMES).filter((outcome) => rows.some((row) => row.outcome === outcome));
    const lines = ownersOf(rows).map((owner) => ({owner, here: rows.filter((row) => ownerOf(row) === owner)}));
    main.append(el('section', {class: 'panel'}, el('h3', null, 'All cases'), table(lines, [
      {name: 'memory of', value: (line) => line.owner, word: true},
      ...seen.map((outcome) => ({name: outcome, value: (line) => line.here.filter((row) => row.outcome === outcome).length})),
    ])));
  }

  function matrix(rows, owners) {
    const line = ([operation, here]) => el('tr', null, el('td', {class: 'word'}, operation),
      owners.map((owner) => el('td', {class: 'word'}, cell(here.filter((row) => ownerOf(row) === owner)))));
    return el('div', {class: 'scroll'}, el('table', null,
      el('thead', null, el('tr', null, el('th', {class: 'word'}, 'operation'), owners.map((owner) => el('th', {class: 'word'}, owner)))),
      el('tbody', null, [...groupBy(rows, (row) => row.operation)].map(line))));
  }

  // One badge for each outcome, with the modes where they differ.
  function cell(rows) {
    const outcomes = [...groupBy(rows, word)];
    return outcomes.flatMap(([outcome, here], i) => [
      i ? ' ' : null,
      el('span', {title: here[0].detail || here[0].skipped || here[0].failed},
        badge(outcome, outcomes.length > 1 ? `${here.map((row) => row.mode).join(', ')}: ${outcome}` : outcome)),
    ]);
  }

  function details(rows, main) {
    main.append(el('details', null, el('summary', null, 'Every case, in words'), table(rows, [
      {name: 'case', value: (row) => row.case, word: true},
      {name: 'memory of', value: ownerOf, word: true},
      {name: 'mode', value: (row) => row.mode, word: true},
      {name: 'outcome', value: word, word: true},
      {name: 'what was seen', value: (row) => row.detail || row.skipped || row.failed, long: true, word: true},
    ], (row) => row.outcome === 'crash' || row.failed)));
  }

  znio.chapters.faults = faults;
})();

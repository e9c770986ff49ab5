// SPDX-License-Identifier: Apache-2.0
// The chapter "channel": ratios at a glance, bars for each operation.
'use strict';
(() => {
  const {el, bytes, figure, fixed, feature, groupBy, table, heat, barChart, tabs} = znio;

  const PAINTS = {znio: '--znio-1', JDK: '--jdk-1'};
  const TEXTS = {
    read: 'Reads one piece after the other at the channel’s own position.',
    'read-at': 'Reads pieces at random places.',
    write: 'Writes one piece after the other at the channel’s own position.',
    'write-at': 'Writes pieces to random places.',
    'map-clean': 'Maps a piece, reads a byte of every page, unmaps by Unsafe.invokeCleaner.',
    'map-collect': 'Maps pieces, reads a byte of every page, drops them; and collects until all are unmapped.',
    transferTo: 'From the file to another process, or to a file.',
    transferFrom: 'From another process, or from a file, to a new file.',
  };
  const whoOf = (row) => (row.impl === 'znio' ? 'znio' : 'JDK');
  const workOf = (row) => [row.op, row.peer || row.buffer, row.threads > 1 ? `${row.threads} threads` : null].filter(Boolean).join(', ');
  const byJdk = (jdk) => `JDK ${feature(jdk)}`;
  const duration = (ns) => (ns >= 1e9 ? `${ns / 1e9} s` : ns >= 1e6 ? `${ns / 1e6} ms` : ns >= 1000 ? `${ns / 1000} µs` : `${ns} ns`);

  function channel(chapter, main) {
    const rows = chapter.rows;
    main.append(el('h2', null, 'Channel'),
      el('p', {class: 'soft'}, `NativeFileChannel beside the JDK’s FileChannel, call by call, files in the page cache. ${chapter.rounds} rounds${chapter.quick ? ' (quick)' : ''}, each channel in a JVM of its own, compared rows interleaved, order drawn with seed ${chapter.seed}. What was read, and what was written to the end, is compared with what it must be.`));
    reasons('Rows that failed or were not verified', rows.filter((row) => row.failed || row.verified === false), (row) => row.failed || row.problem, main);
    const timed = rows.filter((row) => row.ns);
    if (timed.length) glance(timed, main);
    for (const [op, here] of groupBy(timed, (row) => row.op)) operation(op, here, main);
    reasons('What did not run, and why', rows.filter((row) => row.skipped), (row) => row.skipped, main);
  }

  function reasons(title, rows, why, main) {
    if (!rows.length) return;
    const lines = groupBy(rows, (row) => `${workOf(row)}, ${whoOf(row)}, ${byJdk(row.jdk)}: ${why(row)}`);
    main.append(el('div', {class: 'panel'}, el('h3', null, title),
      el('ul', {class: 'plain'}, [...lines].map(([line, group]) => el('li', null, `${line} (${figure(group.length)} rows)`)))));
  }

  function glance(timed, main) {
    const panel = el('div', {class: 'panel'});
    main.append(el('p', {class: 'soft'}, 'Speed as a multiple of the JDK’s FileChannel. Above 1 it is faster than the JDK.'), panel);
    const rows = timed.filter((row) => row.ratio_to_jdk !== null && row.impl === 'znio');
    const jdks = [...new Set(rows.map((row) => row.jdk))];
    if (!jdks.length) return;
    const choice = tabs(jdks, byJdk, jdks[jdks.length - 1], (jdk, holder) => {
      const here = rows.filter((row) => row.jdk === jdk);
      const sizes = [...new Set(here.map((row) => row.size))].sort((a, b) => a - b).map(bytes);
      const ratioOf = (name, column) => {
        const row = here.find((one) => workOf(one) === name && bytes(one.size) === column);
        return row ? row.ratio_to_jdk : null;
      };
      holder.append(heat('operation', [...new Set(here.map(workOf))], sizes, ratioOf));
    });
    panel.append(choice.bar, choice.holder);
    choice.show();
  }

  const COLUMNS = [
    {name: 'channel', value: whoOf, word: true},
    {name: 'JDK', value: (row) => feature(row.jdk), word: true},
    {name: 'work', value: workOf, word: true},
    {name: 'size', value: (row) => row.size, text: (row) => bytes(row.size)},
    {name: 'ns', value: (row) => row.ns.median},
    {name: 'min', value: (row) => row.ns.min},
    {name: 'max', value: (row) => row.ns.max},
    {name: '× JDK', value: (row) => row.ratio_to_jdk, text: (row) => fixed(row.ratio_to_jdk)},
    {name: 'interval', value: (row) => (row.ratio_interval ? row.ratio_interval[0] : null),
      text: (row) => (row.ratio_interval ? row.ratio_interval.map(fixed).join(' to ') : '–')},
    {name: 'verified', value: (row) => (row.verified ? 'yes' : 'NO'), word: true},
  ];

  function operation(op, rows, main) {
    const section = el('section', {class: 'panel'}, el('h3', null, op), el('p', {class: 'soft'}, TEXTS[op] || ''));
    main.append(section);
    const kinds = [...groupBy(rows, (row) => `${row.jdk}\u0000${workOf(row)}`).keys()];
    const name = (kind) => kind.split('\u0000').map((part, i) => (i ? part : byJdk(part))).join(', ');
    const choice = tabs(kinds, name, kinds[kinds.length - 1], (kind, holder) => {
      const [jdk, work] = kind.split('\u0000');
      const here = rows.filter((row) => row.jdk === jdk && workOf(row) === work).sort((a, b) => a.size - b.size);
      barChart(holder, here.map((row) => ({label: bytes(row.size), who: whoOf(row), spread: row.ns})),
        'ns', null, {log: duration, paints: PAINTS});
      holder.append(el('details', null, el('summary', null, `All figures of ${name(kind)}`),
        table(here, COLUMNS, (row) => !row.verified)));
    });
    section.append(choice.bar, choice.holder);
    choice.show();
  }

  znio.chapters.channel = channel;
})();

// SPDX-License-Identifier: Apache-2.0
// The chapter "memory": ratios at a glance, bars for each operation, bytes of a live buffer.
'use strict';
(() => {
  const {el, bytes, figure, fixed, feature, groupBy, table, heat, barChart, tabs} = znio;

  const PAINTS = {
    'znio checked': '--znio-1', 'znio tracked': '--znio-2', 'znio unchecked': '--znio-3',
    'JDK, cleaned': '--jdk-1', 'JDK, collected': '--jdk-2',
    'arena, confined': '--arena-1', 'arena, shared': '--arena-2', LWJGL: '--c',
  };
  const NAMES = {
    'jdk-clean': 'JDK, cleaned', 'jdk-gc': 'JDK, collected', 'arena-confined': 'arena, confined',
    'arena-shared': 'arena, shared', lwjgl: 'LWJGL',
  };
  const whoOf = (row) => (row.impl === 'znio' ? `znio ${row.level}` : NAMES[row.impl] || row.impl);
  const workOf = (row) => row.op + (row.threads > 1 ? `, ${row.threads} threads` : '');
  const fillOf = (row) => (row.zeroed === null ? null : row.zeroed ? 'zeroed' : 'not zeroed');

  const TEXTS = {
    'allocate-free': 'Allocate, write the first and the last byte, read them back, free.',
    ring: '512 buffers are alive; a random one is read, freed and replaced by a new one.',
    'cross-thread': 'One thread allocates and writes, another reads and frees, both at the same time; buffers travel in batches. A confined arena cannot be closed by another thread.',
    map: 'Map a file of holes, read its first byte, unmap.',
    'live-buffers': 'Memory outside of the heap, and of the heap after a collection, by live buffer. Each in a JVM of its own.',
  };

  function memory(chapter, main) {
    const rows = chapter.rows;
    main.append(el('h2', null, 'Memory'),
      el('p', {class: 'soft'}, `What it costs to get memory and to give it back. ${chapter.rounds} rounds${chapter.quick ? ' (quick)' : ''}, each way to get memory in a JVM of its own, compared rows interleaved, order drawn with seed ${chapter.seed}. Every byte that was written was read back, and the counters of znio and of the JDK had to show that nothing was left.`));
    const wrong = rows.filter((row) => row.failed || row.verified === false);
    if (wrong.length) {
      main.append(el('div', {class: 'panel'}, el('h3', null, 'Rows that failed or were not verified'),
        el('ul', {class: 'plain'}, wrong.map((row) => el('li', null,
          `${workOf(row)}, ${bytes(row.size)}, ${whoOf(row)}: ${row.failed || row.problem}`)))));
    }
    const timed = rows.filter((row) => row.ns);
    if (timed.length) glance(timed, main);
    for (const [work, here] of groupBy(timed, workOf)) operation(work, here, main);
    live(rows.filter((row) => row.bytes), main);
    leftOut(rows.filter((row) => row.skipped), main);
  }

  const duration = (ns) => (ns >= 1e9 ? `${ns / 1e9} s` : ns >= 1e6 ? `${ns / 1e6} ms` : ns >= 1000 ? `${ns / 1000} µs` : `${ns} ns`);
  const jdksOf = (rows) => [...new Set(rows.map((row) => row.jdk))];
  const byJdk = (jdk) => `JDK ${feature(jdk)}`;

  function glance(timed, main) {
    const panel = el('div', {class: 'panel'});
    main.append(el('p', {class: 'soft'}, 'Speed as a multiple of the JDK’s allocateDirect or FileChannel.map with Unsafe.invokeCleaner, which frees at once too. Above 1 it is faster than the JDK.'), panel);
    const rows = timed.filter((row) => row.ratio_to_jdk !== null && row.impl !== 'jdk-clean');
    const columnOf = (row) => `${workOf(row)} ${bytes(row.size)}`;
    const nameOf = (row) => [whoOf(row), fillOf(row)].filter(Boolean).join(', ');
    const jdks = jdksOf(rows);
    if (!jdks.length) return;
    const choice = tabs(jdks, byJdk, jdks[jdks.length - 1], (jdk, holder) => {
      // A mapping is neither zeroed nor not: it stands in both lines of its level.
      const here = rows.filter((row) => row.jdk === jdk);
      const names = [...new Set(here.filter((row) => row.zeroed !== null).map(nameOf))];
      const shown = names.length ? names : [...new Set(here.map(nameOf))];
      const ratioOf = (name, column) => {
        const row = here.find((one) => columnOf(one) === column && (nameOf(one) === name || one.zeroed === null && name.startsWith(whoOf(one))));
        return row ? row.ratio_to_jdk : null;
      };
      holder.append(heat('memory from', shown, [...new Set(here.map(columnOf))], ratioOf));
    });
    panel.append(choice.bar, choice.holder);
    choice.show();
  }

  const COLUMNS = [
    {name: 'from', value: whoOf, word: true},
    {name: 'JDK', value: (row) => feature(row.jdk), word: true},
    {name: 'size', value: (row) => row.size, text: (row) => bytes(row.size)},
    {name: 'zeroed', value: (row) => (row.zeroed ? 'yes' : ''), word: true},
    {name: 'ns', value: (row) => row.ns.median},
    {name: 'min', value: (row) => row.ns.min},
    {name: 'max', value: (row) => row.ns.max},
    {name: '× JDK', value: (row) => row.ratio_to_jdk, text: (row) => fixed(row.ratio_to_jdk)},
    {name: 'interval', value: (row) => (row.ratio_interval ? row.ratio_interval[0] : null),
      text: (row) => (row.ratio_interval ? row.ratio_interval.map(fixed).join(' to ') : '–')},
    {name: '× LWJGL', value: (row) => row.ratio_to_lwjgl, text: (row) => fixed(row.ratio_to_lwjgl)},
    {name: 'use after free', value: (row) => row.after_free, word: true},
    {name: 'verified', value: (row) => (row.verified ? 'yes' : 'NO'), word: true},
  ];

  function operation(work, rows, main) {
    const section = el('section', {class: 'panel'}, el('h3', null, work), el('p', {class: 'soft'}, TEXTS[rows[0].op] || ''));
    main.append(section);
    const kinds = [...groupBy(rows, (row) => `${row.jdk}\u0000${fillOf(row) || ''}`).keys()];
    const name = (kind) => kind.split('\u0000').map((part, i) => (i ? part : byJdk(part))).filter(Boolean).join(', ');
    const choice = tabs(kinds, name, kinds[kinds.length - 1], (kind, holder) => {
      const [jdk, fill] = kind.split('\u0000');
      // The JDK and arenas always give zeroed memory: they stand beside both.
      const free = rows.filter((row) => row.jdk === jdk && (fillOf(row) || '') === fill);
      const fixedOnes = rows.filter((row) => row.jdk === jdk && !['znio', 'lwjgl'].includes(row.impl) && !free.includes(row));
      const here = [...free, ...fixedOnes].sort((a, b) => a.size - b.size);
      barChart(holder, here.map((row) => ({label: bytes(row.size), who: whoOf(row), spread: row.ns})),
        'ns', null, {log: duration, paints: PAINTS});
      holder.append(el('details', null, el('summary', null, `All figures of ${work}, ${name(kind)}`),
        table(here, COLUMNS, (row) => !row.verified)));
    });
    section.append(choice.bar, choice.holder);
    choice.show();
  }

  function live(rows, main) {
    if (!rows.length) return;
    const section = el('section', {class: 'panel'}, el('h3', null, `Bytes of a live buffer of ${bytes(rows[0].size)}`),
      el('p', {class: 'soft'}, TEXTS['live-buffers']));
    main.append(section);
    const holder = el('div');
    section.append(holder);
    barChart(holder, rows.map((row) => ({label: byJdk(row.jdk), who: whoOf(row), spread: row.bytes})), 'bytes', null, {paints: PAINTS});
    holder.append(table(rows, [
      ...COLUMNS.slice(0, 2),
      {name: 'buffers', value: (row) => row.operations},
      {name: 'bytes', value: (row) => row.bytes.median},
      {name: 'native', value: (row) => row.bytes.native.median},
      {name: 'heap', value: (row) => row.bytes.heap.median},
      {name: '× JDK', value: (row) => row.ratio_to_jdk, text: (row) => fixed(row.ratio_to_jdk)},
    ], (row) => !row.verified));
  }

  function leftOut(rows, main) {
    if (!rows.length) return;
    const reasons = groupBy(rows, (row) => `${whoOf(row)}, ${byJdk(row.jdk)}: ${row.skipped}`);
    main.append(el('div', {class: 'panel'}, el('h3', null, 'What did not run, and why'),
      el('ul', {class: 'plain'}, [...reasons].map(([reason, group]) => el('li', null, `${reason} (${figure(group.length)} rows)`)))));
  }

  znio.chapters.memory = memory;
})();

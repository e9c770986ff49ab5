// SPDX-License-Identifier: Apache-2.0
// The chapter "agent": one table for each case.
'use strict';
(() => {
  const {el, bytes, figure, fixed, feature, groupBy, table} = znio;

  const TEXTS = {
    'start-up': 'Start and end of a JVM whose main method is empty.',
    'allocate-free': 'ByteBuffer.allocateDirect and invokeCleaner; a stack is taken of every 64th.',
    'allocate-free-counted': 'The same, counted only (stacks=off).',
    transferTo: 'FileChannel.transferTo, to another process.',
    transferFrom: 'FileChannel.transferFrom, from another process.',
    kafka: 'A Kafka broker: 300,000 records are written and read; by record.',
  };
  const ends = (interval) => (interval ? interval.map((value) => figure(value)).join(' to ') : '–');
  const COLUMNS = [
    {name: 'mode', value: (row) => row.mode, word: true},
    {name: 'JDK', value: (row) => feature(row.jdk), word: true},
    {name: 'with', value: (row) => row.peer || '', word: true},
    {name: 'size', value: (row) => row.size, text: (row) => (row.size ? bytes(row.size) : '–')},
    {name: 'ns', value: (row) => row.ns.median},
    {name: '× stock', value: (row) => row.ratio_to_stock, text: (row) => fixed(row.ratio_to_stock)},
    {name: 'interval', value: (row) => (row.ratio_interval ? row.ratio_interval[0] : null),
      text: (row) => (row.ratio_interval ? row.ratio_interval.map(fixed).join(' to ') : '–')},
    {name: 'ns more', value: (row) => row.extra_ns},
    {name: 'interval', value: (row) => (row.extra_interval ? row.extra_interval[0] : null), text: (row) => ends(row.extra_interval)},
    {name: 'aim met', value: (row) => row.met || '', word: true},
    {name: 'verified', value: (row) => (row.verified ? 'yes' : 'NO'), word: true},
  ];

  function agent(chapter, main) {
    const rows = chapter.rows;
    main.append(el('h2', null, 'Agent'),
      el('p', {class: 'soft'}, `The JDK’s own channels and buffers, with the agent and without (stock). ${chapter.rounds} rounds${chapter.quick ? ' (quick)' : ''}, each mode in JVMs of its own, compared rows interleaved, order drawn with seed ${chapter.seed}. Above 1 it is faster than stock.`));
    for (const [name, here] of groupBy(rows.filter((row) => row.ns), (row) => row.case)) {
      main.append(el('section', {class: 'panel'}, el('h3', null, name), el('p', {class: 'soft'}, TEXTS[name] || ''),
        table(here, COLUMNS, (row) => !row.verified)));
    }
    for (const [title, why] of [['What failed', (row) => row.failed || row.problem], ['What did not run, and why', (row) => row.skipped]]) {
      const lines = groupBy(rows.filter(why), (row) => `${row.case}, ${row.mode}, JDK ${feature(row.jdk)}: ${why(row)}`);
      if (lines.size) main.append(el('div', {class: 'panel'}, el('h3', null, title), el('ul', {class: 'plain'}, [...lines.keys()].map((line) => el('li', null, line)))));
    }
  }

  znio.chapters.agent = agent;
})();

// SPDX-License-Identifier: Apache-2.0
// The page of bench/report: znio beside each peer.
'use strict';
(() => {
  const {el, figure, fixed, feature, groupBy, table, heat, barChart, tabs} = znio;

  const STANDINGS = {ahead: '--znio-1', even: '--c', behind: '--jdk-1', 'too few': '--line'};
  const titleOf = (row) => [row.work, row.znio].filter(Boolean).join(', ');
  const byJdk = (jdk) => (jdk ? `JDK ${feature(jdk)}` : 'no JDK');

  function beside(chapter, main) {
    main.append(el('section', {class: 'panel'}, lead(chapter.ahead), lead(chapter.not_ahead)));
    peers(chapter, main);
    lost(chapter.rows.filter((row) => row.standing === 'behind'), main);
    for (const [source, rows] of groupBy(chapter.rows, (row) => row.source)) part(source, rows, main);
    how(chapter, main);
  }

  // "znio is ahead: ...": the words before the colon stand out.
  function lead(line) {
    const colon = line.indexOf(':') + 1;
    return el('p', {class: 'wide'}, el('strong', null, line.slice(0, colon)), line.slice(colon));
  }

  function peers(chapter, main) {
    main.append(el('h2', null, 'The peers'), el('section', {class: 'panel'}, table(chapter.peers, [
      {name: 'peer', value: (row) => row.name, word: true},
      {name: 'version', value: (row) => row.version, word: true},
      {name: 'use after free', value: (row) => row.after_free, word: true},
      {name: 'zeroed', value: (row) => row.zeroed, word: true},
      {name: 'rows', value: (row) => row.rows},
      {name: 'znio ahead', value: (row) => row.ahead},
      {name: 'even', value: (row) => row.even},
      {name: 'behind', value: (row) => row.behind},
      {name: 'too few', value: (row) => row.too_few},
      {name: 'lowest', value: (row) => parseFloat(row.lowest), text: (row) => row.lowest},
      {name: 'licence', value: (row) => row.licence, word: true},
      {name: 'memory, or mappings, by', value: (row) => row.how, word: true, long: true},
    ])));
    const faults = Object.entries(chapter.faults);
    if (faults.length) {
      const outcomes = [...new Set(faults.flatMap(([, counts]) => Object.keys(counts)))];
      main.append(el('section', {class: 'panel'}, el('h3', null, 'How faults ended, as measured'), table(faults, [
        {name: 'memory or mapping of', value: ([who]) => who, word: true},
        ...outcomes.map((outcome) => ({name: outcome, value: ([, counts]) => counts[outcome] || 0})),
      ])));
    }
  }

  const COLUMNS = [
    {name: 'work', value: titleOf, word: true},
    {name: 'JDK', value: (row) => feature(row.jdk), word: true},
    {name: 'peer', value: (row) => row.peer, word: true},
    {name: 'ratio', value: (row) => row.ratio.median, text: (row) => figure(row.ratio.median)},
    {name: 'interval', value: (row) => row.ratio.min,
      text: (row) => (row.standing === 'too few' ? '–' : `${figure(row.ratio.min)} to ${figure(row.ratio.max)}`)},
    {name: 'standing', value: (row) => row.standing, word: true},
    {name: 'znio', value: (row) => row.znio_figure},
    {name: 'its', value: (row) => row.peer_figure},
    {name: 'unit', value: (row) => row.unit, word: true},
    {name: 'of', value: (row) => row.basis, word: true},
    {name: 'use after free', value: (row) => row.after_free, word: true},
    {name: 'of znio', value: (row) => row.znio_after_free, word: true},
  ];

  function lost(rows, main) {
    main.append(el('h2', null, 'Where a peer wins'));
    if (!rows.length) {
      main.append(el('p', null, 'In no row.'));
      return;
    }
    const worst = [...rows].sort((a, b) => a.ratio.max - b.ratio.max);
    main.append(el('section', {class: 'panel'}, table(worst, [{name: 'winner', value: (row) => row.peer, word: true},
      ...COLUMNS.filter((column) => column.name !== 'peer' && column.name !== 'standing')])));
  }

  // One source of figures: all ratios at a glance, then bars for each peer.
  function part(source, rows, main) {
    main.append(el('h2', null, source));
    const panel = el('section', {class: 'panel'}, el('h3', null, 'Ratios at a glance'));
    const jdks = [...new Set(rows.map((row) => row.jdk))];
    const glance = tabs(jdks, byJdk, jdks[jdks.length - 1], (jdk, holder) => {
      const here = rows.filter((row) => row.jdk === jdk);
      const cell = (name, peer) => {
        const row = here.find((one) => titleOf(one) === name && one.peer === peer);
        return row ? row.ratio.median : null;
      };
      holder.append(heat('work', [...new Set(here.map(titleOf))], [...new Set(here.map((row) => row.peer))], cell));
    });
    panel.append(glance.bar, glance.holder);
    main.append(panel);
    glance.show();
    bars(rows, main);
  }

  function bars(rows, main) {
    const kinds = [...groupBy(rows, (row) => `${row.peer}\u0000${row.jdk || ''}`).keys()];
    const name = (kind) => kind.split('\u0000').map((word, i) => (i && word ? byJdk(word) : word)).filter(Boolean).join(', ');
    const panel = el('section', {class: 'panel'}, el('h3', null, 'How many times better'));
    const choice = tabs(kinds, name, kinds[0], (kind, holder) => {
      const here = rows.filter((row) => `${row.peer}\u0000${row.jdk || ''}` === kind);
      barChart(holder, here.map((row) => ({label: titleOf(row), who: row.standing, spread: row.ratio})),
        `× ${name(kind)}`, 1, {log: fixed, from: 1, paints: STANDINGS});
      holder.append(el('details', null, el('summary', null, `All figures beside ${name(kind)}`),
        table(here, COLUMNS, (row) => row.standing === 'behind')));
    });
    panel.append(choice.bar, choice.holder);
    main.append(panel);
    choice.show();
  }

  function how(chapter, main) {
    main.append(el('h2', null, 'How this is computed'), el('section', {class: 'panel'}, el('ul', {class: 'plain'}, [
      'A ratio says how many times better znio is: the peer’s time, or bytes, by znio’s; of speeds the other way round.',
      `Of bench/compare: the median of the ratios within the rounds that both were measured in, and the order statistics that hold the true median with at least 95 %. Fewer than ${chapter.rounds_least} common rounds decide nothing (too few).`,
      `Of JMH: the ratio of geometric means, and Welch’s t-interval of 95 % of the difference of the logarithms. From ${chapter.forks_least} forks (JVMs) on, each counts once, by its mean; of fewer, all iterations count, as in JMH’s own error: what differs between JVMs is not in that interval.`,
      'Memory that is not zeroed is beside the peer’s that is not; beside zeroed memory of those who give no other.',
      'Several files with the same rows are one longer measurement.',
      'Many rows are compared: where nothing differs, one in 20 intervals leaves out 1 by chance.',
    ].map((line) => el('li', null, line)))));
    if (chapter.left_out.length) {
      main.append(el('section', {class: 'panel'}, el('h3', null, 'What is left out'),
        el('ul', {class: 'plain'}, chapter.left_out.map((line) => el('li', null, line)))));
    }
  }

  znio.chapters.beside = beside;
})();

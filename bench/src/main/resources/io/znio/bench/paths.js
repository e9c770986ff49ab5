// SPDX-License-Identifier: Apache-2.0
// The chapter "paths": ratios at a glance, bars for each pair of ends, how each path works.
'use strict';
(() => {
  const {el, svg, bytes, figure, fixed, feature, groupBy, table, heat, barChart, tabs} = znio;

  const pairOf = (row) => `${row.source} → ${row.target}` +
    (row.fs ? ` (${row.fs})` : '') + (row.network ? ` (${row.network})` : '') +
    (row.baseline === 'transferTo-loop' ? ', lists of 1,000 regions' : '');
  const whoOf = (row) => row.impl === 'c' ? 'C'
    : `${row.impl === 'jdk' ? 'JDK' : row.impl} ${feature(row.jdk)}`.trim();

  function paths(chapter, main) {
    const rows = chapter.rows;
    const measured = rows.filter((row) => row.gbps);
    const wrong = rows.filter((row) => row.failed || (row.gbps && !row.verified));
    main.append(el('h2', null, 'Paths'),
      el('p', {class: 'soft'}, `${chapter.file}, ${bytes(chapter.file_size)}. ${chapter.rounds} rounds${chapter.quick ? ' (quick)' : ''}, compared rows interleaved, order drawn with seed ${chapter.seed}. Bars are medians, whiskers the smallest and the largest round. CPU and copies are those of this side and of its kernel; per transfer unless said otherwise.`));
    if (wrong.length) {
      main.append(el('div', {class: 'panel'}, el('h3', null, 'Rows that failed or were not verified'),
        el('ul', {class: 'plain'}, wrong.map((row) => el('li', null,
          `${row.path} (${whoOf(row)}), ${pairOf(row)}, ${bytes(row.size)}: ${row.failed || 'the receiver got other bytes'}`)))));
    }
    if (measured.length) {
      glance(measured, main);
      pairs(measured, main);
    }
    workloads(chapter, main);
    cards(chapter, measured, main);
    leftOut(rows, main);
  }

  function glance(measured, main) {
    const rows = measured.filter((row) => row.impl === 'znio' && row.ratio_to_jdk !== null);
    if (!rows.length) return;
    const panel = el('div', {class: 'panel'});
    main.append(el('h2', null, 'znio against the JDK, at a glance'),
      el('p', {class: 'soft'}, 'Speed as a multiple of the JDK row that does the same work (transferTo, transferFrom, a loop of transferTo for lists, a direct buffer for memory). Above 1 znio is faster. With more than one JDK the slower ratio is shown.'), panel);
    const sizes = [...new Set(rows.map((row) => row.size))].sort((a, b) => a - b);
    const chosen = sizes.includes(65536) ? 65536 : sizes[0];
    const choice = tabs(sizes, bytes, chosen, (size, holder) => {
      const here = rows.filter((row) => row.size === size);
      const columns = [...new Set(here.map(pairOf))];
      const names = [...new Set(here.map((row) => row.path))];
      holder.append(heat('path', names, columns, (name, column) => {
        const ratios = here.filter((row) => row.path === name && pairOf(row) === column).map((row) => row.ratio_to_jdk);
        return ratios.length ? Math.min(...ratios) : null;
      }));
    });
    panel.append(choice.bar, choice.holder);
    choice.show();
  }

  // The row of a path that its card quotes: of the ends that show it best, 64 KiB, rather not C's.
  function quoted(measured, facts) {
    const wanted = facts.quote || 'file>tcp';
    const score = (row) => (`${row.source}>${row.target}` === wanted ? 8 : 0) +
      (row.network || row.fs ? 0 : 4) + (row.impl === 'c' ? 0 : 2) + (row.size === 65536 ? 1 : 0);
    return measured.filter((row) => row.path === facts.name).sort((a, b) => score(b) - score(a))[0];
  }

  function cards(chapter, measured, main) {
    main.append(el('h2', null, 'How the paths work'),
      el('p', {class: 'soft'}, 'The figures of the texts beside what this run saw. DMA copies cannot be counted from user space: only the text has them. Mode switches are twice the system calls. Copies are measured where the mutation probe or the kernel itself tells, else derived from how the path is built. Where the peer is a socket, its own copy is not counted.'),
      el('div', {class: 'legend'},
        el('span', {style: '--key:var(--cpu)'}, 'copy by the CPU'),
        el('span', {style: '--key:var(--dma)'}, 'copy by DMA'),
        el('span', {class: 'dashed', style: '--key:var(--ref)'}, 'reference, no copy'),
        el('span', {class: 'dotted', style: '--key:var(--map)'}, 'mapped: the same pages')));
    const holder = el('div', {class: 'cards'});
    for (const facts of chapter.literature || []) {
      const row = quoted(measured, facts);
      if (row || facts.explained) holder.append(card(facts, row));
    }
    main.append(holder);
  }

  function card(facts, row) {
    const text = facts.textbook || {};
    const value = (figures) => (figures === null || figures === undefined ? '–' : String(figures));
    const copies = row && row.cpu_copies ? row.cpu_copies : null;
    const ours = (title, left, right) => el('tr', null, el('td', {class: 'word'}, title), el('td', null, left), el('td', null, right));
    return el('article', {class: 'card'},
      el('h3', null, facts.title, row && row.zero_copy ? el('span', {class: `tag ${row.zero_copy}`}, row.zero_copy === 'none' ? 'not zero-copy' : `zero-copy, ${row.zero_copy}`) : null,
        facts.explained ? el('span', {class: 'tag none'}, 'explained only') : null),
      el('code', null, facts.name + (facts.since ? ` · ${facts.since}` : '')),
      facts.hops && facts.hops.length ? drawing(facts) : null,
      facts.textbook || row ? el('table', null,
        el('thead', null, el('tr', null, el('th', {class: 'word'}, ''), el('th', null, 'text'), el('th', null, 'here'))),
        el('tbody', null,
          ours('CPU copies', value(text.cpu_copies), copies && copies.value !== null ? `${copies.value} (${copies.how})` : '–'),
          ours('DMA copies', value(text.dma_copies), '–'),
          ours('mode switches', value(text.mode_switches), row ? figure(row.mode_switches) : '–'),
          row ? ours('probe', '', row.probe || '–') : null)) : null,
      row ? el('p', {class: 'soft'}, `Here: ${whoOf(row)}, ${pairOf(row)}, ${bytes(row.size)}.`) : null,
      el('p', null, facts.what),
      facts.caveat && !facts.explained ? el('p', {class: 'soft'}, facts.caveat) : null,
      facts.explained ? el('p', {class: 'soft'}, facts.caveat.replace(/^explained only: /, 'Not measured: ') + '.') : null);
  }

  // ---- drawings: three lanes (program, kernel, hardware), stations, hops between them

  const STATIONS = {
    disk: [110, 168, 'disk'], cache: [170, 100, 'page cache'], user: [245, 32, 'program'],
    heap: [345, 32, 'heap'], pipe: [250, 100, 'pipe'], socket: [330, 100, 'socket'],
    nic: [376, 168, 'NIC'], target: [330, 100, 'page cache'], disk2: [376, 168, 'disk'],
  };
  const HALF_WIDTH = 34;
  const HALF_HEIGHT = 13;

  function drawing(facts) {
    const picture = svg('svg', {viewBox: '0 0 420 196', role: 'img',
      'aria-label': `${facts.title}: ${facts.hops.map(([from, to, kind]) => `${from} to ${to} by ${kind}`).join(', ')}`});
    const style = 'font:11px system-ui,sans-serif;fill:var(--soft)';
    for (const [y, name] of [[32, 'program'], [100, 'kernel'], [168, 'hardware']]) {
      picture.append(svg('text', {x: 2, y: y + 4, style}, name));
    }
    for (const y of [66, 134]) {
      picture.append(svg('line', {x1: 2, y1: y, x2: 418, y2: y, style: 'stroke:var(--line);stroke-dasharray:3 4'}));
    }
    switches(picture, facts);
    const seen = new Map();
    for (const [from, to, kind] of facts.hops) {
      const key = [from, to].sort().join();
      seen.set(key, (seen.get(key) || 0) + 1);
      picture.append(...hop(from, to, kind, seen.get(key) - 1));
    }
    for (const name of new Set(facts.hops.flatMap(([from, to]) => [from, to]))) {
      const [x, y, text] = STATIONS[name];
      picture.append(
        svg('rect', {x: x - HALF_WIDTH, y: y - HALF_HEIGHT, width: 2 * HALF_WIDTH, height: 2 * HALF_HEIGHT, rx: 5, style: 'fill:var(--ground);stroke:var(--soft)'}),
        svg('text', {x, y: y + 4, 'text-anchor': 'middle', style: 'font:11px system-ui,sans-serif;fill:var(--text)'}, text));
    }
    return picture;
  }

  // A mark on the line between program and kernel for each switch of the text: down in, up out.
  function switches(picture, facts) {
    const count = facts.textbook ? facts.textbook.mode_switches : null;
    for (let i = 0; i < (count || 0); i++) {
      const x = 8 + i * 11;
      const [from, to] = i % 2 ? [74, 58] : [58, 74];
      picture.append(svg('path', {d: `M${x} ${from}V${to}M${x - 3} ${to + Math.sign(from - to) * 4}L${x} ${to}L${x + 3} ${to + Math.sign(from - to) * 4}`, style: 'stroke:var(--text);fill:none;stroke-width:1.3'}));
    }
  }

  const STROKES = {
    cpu: ['--cpu', ''], dma: ['--dma', ''], ref: ['--ref', '6 4'], map: ['--map', '2 3'],
  };

  function hop(from, to, kind, turn) {
    const [x1, y1] = STATIONS[from];
    const [x2, y2] = STATIONS[to];
    let start;
    let end;
    let bend = null;
    const shift = turn ? 8 : 0; // a way there and back
    if (y1 === y2) {
      const side = Math.sign(x2 - x1);
      start = [x1 + side * HALF_WIDTH, y1 + (side > 0 ? -shift : 0) + (side < 0 ? 6 : turn || from === 'user' && to === 'heap' ? -6 : 0)];
      end = [x2 - side * HALF_WIDTH, start[1]];
    } else {
      const down = Math.sign(y2 - y1);
      const far = Math.abs(y2 - y1) > 100;
      if (far) {
        // Around the kernel's stations, on the side where the hardware is.
        const hardware = down > 0 ? [x2, y2] : [x1, y1];
        const outside = hardware[0] < 200 ? -14 : 18;
        const program = down > 0 ? [x1, y1] : [x2, y2];
        const a = [program[0] + Math.sign(hardware[0] - program[0]) * HALF_WIDTH, program[1]];
        const b = [hardware[0] + outside, hardware[1] - HALF_HEIGHT];
        bend = [b[0], a[1]];
        [start, end] = down > 0 ? [a, b] : [b, a];
      } else {
        const lean = Math.max(-20, Math.min(20, (x2 - x1) / 4));
        start = [x1 + lean, y1 + down * HALF_HEIGHT];
        end = [x2 - lean, y2 - down * HALF_HEIGHT];
        if (from === 'cache' && to === 'nic') {
          start = [x1 + 26, y1 + HALF_HEIGHT];
          end = [x2 - HALF_WIDTH, y2 - 4];
        }
      }
    }
    const [paintName, dash] = STROKES[kind];
    const stroke = `stroke:var(${paintName});fill:none;stroke-width:${kind === 'cpu' ? 2.6 : 2}`;
    const before = bend || start;
    const angle = Math.atan2(end[1] - before[1], end[0] - before[0]);
    const barb = (turnBy) => `${(end[0] - 8 * Math.cos(angle + turnBy)).toFixed(1)} ${(end[1] - 8 * Math.sin(angle + turnBy)).toFixed(1)}`;
    const way = bend ? `M${start}Q${bend} ${end}` : `M${start}L${end}`;
    return [
      svg('path', {d: way, style: stroke, 'stroke-dasharray': dash || null}),
      svg('path', {d: `M${end}L${barb(0.42)}L${barb(-0.42)}Z`, style: `fill:var(${paintName});stroke:none`}),
    ];
  }

  // ---- bars and tables for each pair of ends

  const COLUMNS = [
    {name: 'path', value: (row) => row.path, word: true},
    {name: 'by', value: whoOf, word: true},
    {name: 'GB/s', value: (row) => row.gbps.median, text: (row) => fixed(row.gbps.median)},
    {name: 'min', value: (row) => row.gbps.min, text: (row) => fixed(row.gbps.min)},
    {name: 'max', value: (row) => row.gbps.max, text: (row) => fixed(row.gbps.max)},
    {name: '× JDK', value: (row) => row.ratio_to_jdk, text: (row) => fixed(row.ratio_to_jdk)},
    {name: 'interval', value: (row) => (row.ratio_interval ? row.ratio_interval[0] : null),
      text: (row) => (row.ratio_interval ? row.ratio_interval.map(fixed).join(' to ') : '–')},
    {name: '× C', value: (row) => row.ratio_to_c, text: (row) => fixed(row.ratio_to_c)},
    {name: 'CPU ns/KiB sender', value: (row) => row.cpu_ns_per_kib.sender},
    {name: 'receiver', value: (row) => row.cpu_ns_per_kib.receiver},
    {name: 'system calls', value: (row) => row.syscalls},
    {name: 'mode switches', value: (row) => row.mode_switches},
    {name: 'page faults', value: (row) => row.page_faults},
    {name: 'probe', value: (row) => row.probe || '–', word: true},
    {name: 'CPU copies', value: (row) => (row.cpu_copies ? row.cpu_copies.value : null),
      text: (row) => (row.cpu_copies && row.cpu_copies.value !== null ? `${row.cpu_copies.value} ${row.cpu_copies.how}` : '–')},
    {name: 'zero-copy', value: (row) => row.zero_copy || '–', word: true},
    {name: 'verified', value: (row) => (row.verified ? 'yes' : 'NO'), word: true},
    {name: 'path that ran', value: (row) => row.path_ran || '–', word: true},
  ];

  function pairs(measured, main) {
    main.append(el('h2', null, 'Speed'),
      el('p', {class: 'soft'}, 'The dashed line is the JDK row that ratios are taken to. GB are 10⁹ bytes.'));
    for (const [pair, rows] of groupBy(measured, pairOf)) {
      const sizes = [...new Set(rows.map((row) => row.size))].sort((a, b) => a - b);
      const section = el('section', {class: 'panel'}, el('h3', null, pair));
      main.append(section);
      const chosen = sizes.includes(65536) ? 65536 : sizes[0];
      const choice = tabs(sizes, bytes, chosen, (size, holder) => {
        const here = rows.filter((row) => row.size === size);
        const base = here.find((row) => row.impl === 'jdk' && row.path === row.baseline);
        barChart(holder, here.map((row) => ({label: row.path, who: whoOf(row), spread: row.gbps})),
          'GB/s', base ? base.gbps.median : null);
        holder.append(el('details', null, el('summary', null, `All figures of ${pair}, ${bytes(size)}`),
          table(here, COLUMNS, (row) => !row.verified)));
      });
      section.append(choice.bar, choice.holder);
      choice.show();
    }
  }

  function workloads(chapter, main) {
    const rows = chapter.workloads || [];
    const texts = {
      'kafka-fetch': 'A fetch is a header of 64 bytes and 16 regions of the file, 4 to 64 KiB each, to a TCP socket. znio and C send it in one call; the JDK writes the header and calls transferTo for each region.',
      'rocketmq-append': 'Records of 1 KiB are appended to a log and forced to disk every 64 records: through a mapping, or by a write for each.',
    };
    const measured = rows.filter((row) => row.gbps);
    if (rows.length) main.append(el('h2', null, 'Workloads'));
    for (const [name, here] of groupBy(measured, (row) => row.workload)) {
      const section = el('section', {class: 'panel'}, el('h3', null, name), el('p', {class: 'soft'}, texts[name] || ''));
      main.append(section);
      const base = here.find((row) => row.impl === 'jdk' && row.path === row.baseline);
      const holder = el('div');
      section.append(holder);
      // A disk that is forced gives megabytes where the page cache gives gigabytes.
      const slow = here.every((row) => row.gbps.max < 0.5);
      const scale = (spread) => (slow ? {median: spread.median * 1000, min: spread.min * 1000, max: spread.max * 1000} : spread);
      barChart(holder, here.map((row) => ({label: row.path, who: whoOf(row), spread: scale(row.gbps)})),
        slow ? 'MB/s' : 'GB/s', base ? scale(base.gbps).median : null);
      holder.append(el('details', null, el('summary', null, `All figures of ${name}`), table(here, [
        ...COLUMNS.slice(0, 6),
        {name: 'operations/s', value: (row) => row.operations_per_second},
        {name: 'system calls', value: (row) => row.syscalls},
        {name: 'verified', value: (row) => (row.verified ? 'yes' : 'NO'), word: true},
      ], (row) => !row.verified)));
    }
    facts(chapter.facts || {}, main);
  }

  function facts(found, main) {
    const lines = [];
    const rounding = found.page_rounding;
    if (rounding && rounding.ok) {
      lines.push(`A file of ${bytes(rounding.file_bytes)} takes ${bytes(rounding.mapped_bytes)} of mapping: whole pages.`);
    }
    const cold = found.cold_read;
    if (cold && cold.ok) {
      const names = (cold.lines || []).map((line) => `${line.name}: ${line.count}`).join('; ');
      lines.push(`A cold read of ${bytes(cold.bytes)} made ${figure(cold.interrupts)} device interrupts, ${figure(cold.interrupts_per_mib)} per MiB: the device moves the data by DMA and only says when it is done.` + (names ? ` (${names})` : ''));
    } else if (cold) {
      lines.push(`Interrupts of a cold read: ${cold.skipped || cold.failed}.`);
    }
    if (lines.length) {
      main.append(el('section', {class: 'panel'}, el('h3', null, 'Mapping and disk'), el('ul', {class: 'plain'}, lines.map((line) => el('li', null, line)))));
    }
  }

  function leftOut(rows, main) {
    const skipped = rows.filter((row) => row.skipped && !row.explained);
    if (!skipped.length) return;
    const reasons = groupBy(skipped, (row) => `${row.path}\u0000${pairOf(row)}\u0000${row.skipped}`);
    main.append(el('h2', null, 'What did not run, and why'), el('div', {class: 'panel'},
      table([...reasons.values()].map((group) => ({...group[0], count: group.length})), [
        {name: 'path', value: (row) => row.path, word: true},
        {name: 'ends', value: pairOf, word: true},
        {name: 'rows', value: (row) => row.count},
        {name: 'why', value: (row) => row.skipped, long: true, word: true},
      ])));
  }

  znio.chapters.paths = paths;
})();

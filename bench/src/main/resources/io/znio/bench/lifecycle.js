// SPDX-License-Identifier: Apache-2.0
// The chapter "lifecycle": pictures over time, one lane a row; the calls at the limit; the cost of cleaning.
'use strict';
(() => {
  const {el, svg, bytes, figure, feature, groupBy, table, barChart, tabs} = znio;

  const EVENTS = [
    ['found', 'found unreachable', '--ref'], ['told', 'leak reported', '--wrong'],
    ['cleaned', 'cleaned', '--accent'], ['allocator', 'back at the allocator', '--map'],
    ['kernel', 'back at the kernel', '--dma'],
  ];
  const HOW = {gc: 'dropped, left to the collector', free: 'ended by a call'};

  const median = (spread) => (spread ? spread.median : null);
  const moment = (row, event, name) => {
    const moments = row.events && row.events[event];
    return moments ? median(moments[name]) : null;
  };
  const shown = (value) => (value === null || value === undefined ? 'never' : `${figure(value)} ms`);
  const whoOf = (row) => (row.impl === 'jdk' ? `JDK ${feature(row.jdk)}` : `znio, JDK ${feature(row.jdk)}`);
  const ran = (rows) => rows.filter((row) => !row.skipped && !row.failed);

  function lifecycle(chapter, main) {
    const rows = chapter.rows || [];
    main.append(el('h2', null, 'The life of off-heap memory'),
      el('p', {class: 'soft'}, 'Each measurement has a JVM of its own with a small heap. '
        + `Times are medians of ${chapter.rounds} round${chapter.rounds === 1 ? '' : 's'}; the curves are those of the middle round.`));
    pictures(rows, 'buffers', 'Buffers', main,
      'Buffers are allocated and touched. At 0 they are dropped, and collected a little later; or the first one is freed.');
    pictures(rows, 'mappings', 'Mappings of a file', main,
      'What is mapped is read from the kernel: /proc/self/maps. At 0 mappings are dropped, and collected a little later; or the first one is closed.');
    limits(rows, main);
    many(rows, main);
    leftOut(rows, main);
  }

  // ---- pictures over time

  function pictures(all, op, title, main, text) {
    const rows = ran(all.filter((row) => row.op === op && row.series));
    if (!rows.length) return;
    const section = el('section', {class: 'panel'}, el('h3', null,
      `${title}: ${rows[0].count} × ${bytes(rows[0].size)}`), el('p', {class: 'soft'}, text), legend());
    main.append(section);
    const jdks = [...new Set(rows.map((row) => row.jdk))];
    const choice = tabs(jdks, (jdk) => `JDK ${feature(jdk)}`, jdks[jdks.length - 1], (jdk, holder) => {
      const mine = rows.filter((row) => row.jdk === jdk);
      for (const [by, here] of groupBy(mine, (row) => row.by)) {
        const lanes = el('div');
        holder.append(el('h4', null, HOW[by]), lanes);
        const paint = () => lanes.replaceChildren(...here.map((row) => lane(row, here, lanes.clientWidth || 640)));
        paint();
        new ResizeObserver(once(lanes, paint)).observe(lanes);
      }
      holder.append(el('details', null, el('summary', null, 'All figures'), table(mine, COLUMNS, (row) => !row.verified)));
    });
    section.append(choice.bar, choice.holder);
    choice.show();
  }

  // Paints again only when the width has changed, so that painting does not call for itself.
  function once(node, paint) {
    let width = node.clientWidth;
    return () => {
      if (node.clientWidth !== width) {
        width = node.clientWidth;
        paint();
      }
    };
  }

  function legend() {
    const item = (style, text) => el('span', {class: 'key'}, el('i', {style}), text);
    return el('p', {class: 'keys soft'},
      item('background:var(--accent);opacity:.3', 'live, by the owner’s counter'),
      item('border-top:2px solid var(--text)', 'resident memory'),
      item('background:var(--jdk-1);opacity:.35', 'collection'),
      EVENTS.map(([, text, paint]) => item(`background:var(${paint})`, text)));
  }

  // All lanes of a group show the same span of time, in which every owner that ends its items has done so.
  function span(rows) {
    const ends = rows.flatMap((row) => [moment(row, 'cleaned', 'last_ms'), median(row.gc && row.gc.end_ms), moment(row, 'found', 'last_ms')])
      .filter((value) => value !== null && value !== undefined);
    const last = Math.max(1, ...ends) * 1.35;
    return [-last * 0.25, last];
  }

  function lane(row, group, width) {
    const [from, to] = span(group);
    const left = 8;
    const right = width - 8;
    const x = (ms) => left + (Math.min(Math.max(ms, from), to) - from) / (to - from) * (right - left);
    const top = 26;
    const bottom = 96;
    const events = EVENTS.filter(([name]) => row.events[name]);
    const narrow = width < 700; // then words and bars do not fit side by side
    const pitch = narrow ? 27 : 16;
    const height = bottom + 24 + events.length * pitch;
    const picture = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', class: 'lane', 'aria-label': describe(row)});
    picture.append(svg('title', null, describe(row)));
    text(picture, left, 16, row.label, 'font-weight:600');
    const gc = row.gc || {};
    if (gc.start_ms) {
      const a = x(gc.start_ms.median);
      picture.append(svg('rect', {x: a, y: top, width: Math.max(2, x(gc.end_ms.median) - a), height: bottom - top, style: 'fill:var(--jdk-1);opacity:.35'}));
    }
    curves(picture, row, {from, to, x, top, bottom});
    axis(picture, {from, to, x, left, right, top, bottom});
    events.forEach(([name, words, paint], i) => bar(picture, row, name, words, paint, {x, to, left, right, narrow, y: bottom + (narrow ? 42 : 28) + i * pitch}));
    return picture;
  }

  function text(picture, x, y, words, style, anchor) {
    picture.append(svg('text', {x, y, 'text-anchor': anchor || 'start', style: `font:12px system-ui,sans-serif;fill:var(--text);${style || ''}`}, words));
  }

  function curves(picture, row, {from, to, x, top, bottom}) {
    const times = row.series.ms;
    const y = (share) => bottom - Math.min(1.05, Math.max(0, share)) * (bottom - top) * 0.92;
    const live = row.series.live_items;
    const most = Math.max(row.count, ...live);
    picture.append(svg('path', {d: `${steps(times, live.map((value) => value / most), x, y, from, to)}V${bottom}H${x(from)}Z`, style: 'fill:var(--accent);opacity:.3'}));
    // Resident memory above what it would be without the items: at 0 all of them are in memory.
    const all = row.count * row.size;
    const rest = at(times, row.series.resident_bytes, 0) - all;
    const resident = row.series.resident_bytes.map((value) => (value - rest) / all);
    picture.append(svg('path', {d: steps(times, resident, x, y, from, to), style: 'fill:none;stroke:var(--text);stroke-width:1.6'}));
  }

  function at(times, values, ms) {
    let i = 0;
    while (i + 1 < times.length && times[i + 1] <= ms) i++;
    return values[i];
  }

  // A value holds until the next one; what was before the span is its first value.
  function steps(times, values, x, y, from, to) {
    let start = 0;
    while (start + 1 < times.length && times[start + 1] <= from) start++;
    let d = `M${x(from).toFixed(1)} ${y(values[start]).toFixed(1)}`;
    for (let i = start + 1; i < times.length && times[i] <= to; i++) {
      d += `H${x(times[i]).toFixed(1)}V${y(values[i]).toFixed(1)}`;
    }
    return `${d}H${x(to).toFixed(1)}`;
  }

  function axis(picture, {from, to, x, left, right, top, bottom}) {
    picture.append(
      svg('line', {x1: left, y1: bottom, x2: right, y2: bottom, style: 'stroke:var(--line)'}),
      svg('line', {x1: x(0), y1: top - 4, x2: x(0), y2: bottom + 4, style: 'stroke:var(--soft);stroke-dasharray:3 3'}));
    const wanted = right - left < 480 ? 3 : 6;
    const rough = (to - from) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
    for (let ms = 0; ms <= to - step * 0.3; ms += step) {
      text(picture, x(ms), bottom + 14, `${Number(ms.toPrecision(6))} ms`, 'font-size:11px;fill:var(--soft)', ms === 0 ? 'start' : 'middle');
    }
  }

  // From first to last, a tick at the median. What came later than the picture ends, or never, is said.
  function bar(picture, row, name, words, paint, {x, to, left, right, narrow, y}) {
    const first = moment(row, name, 'first_ms');
    const middle = moment(row, name, 'median_ms');
    const last = moment(row, name, 'last_ms');
    const fill = `fill:var(${paint})`;
    const end = last === null ? right : x(last);
    if (first !== null && first <= to) {
      picture.append(svg('rect', {x: x(first), y: y - 8, width: Math.max(2, end - x(first)), height: 7, rx: 2, style: `${fill};opacity:${last === null ? 0.3 : 0.75}`}));
      if (middle !== null && middle <= to) {
        picture.append(svg('rect', {x: x(middle) - 1, y: y - 10, width: 2, height: 11, style: fill}));
      }
    }
    const share = name !== 'told' && row.events[name].count < row.count ? `${row.events[name].count} of ${row.count} ` : '';
    const when = last === null ? (row.events[name].count ? `${share}within ${figure(row.watched_ms)} ms` : `not within ${figure(row.watched_ms)} ms`) : shown(last);
    const label = `${words}: ${when}`;
    if (narrow) {
      text(picture, left, y - 12, label, 'font-size:11px');
      return;
    }
    // On the side of the bar that has the room.
    const begin = first === null || first > to ? left : x(first);
    const after = (first === null || first > to ? left : end) + 6;
    const fits = after + label.length * 6.6 <= right;
    text(picture, fits ? after : begin - 6, y, label, 'font-size:11px', fits ? 'start' : 'end');
  }

  function describe(row) {
    return `${row.label}: ` + EVENTS.filter(([name]) => row.events[name])
      .map(([name, words]) => `${words} ${shown(moment(row, name, 'first_ms'))} to ${shown(moment(row, name, 'last_ms'))}`).join('; ');
  }

  const time = (event, name, head) => ({
    name: head, value: (row) => moment(row, event, name),
    text: (row) => (row.events && row.events[event] ? figure(moment(row, event, name)) : '–'),
  });

  const COLUMNS = [
    {name: 'memory', value: (row) => row.label, word: true},
    {name: 'GC from, ms', value: (row) => median(row.gc && row.gc.start_ms)},
    {name: 'to', value: (row) => median(row.gc && row.gc.end_ms)},
    time('found', 'first_ms', 'unreachable, first'), time('found', 'last_ms', 'last'),
    time('told', 'first_ms', 'reported'),
    time('cleaned', 'first_ms', 'cleaned, first'), time('cleaned', 'median_ms', 'median'), time('cleaned', 'last_ms', 'last'),
    time('allocator', 'last_ms', 'allocator'), time('kernel', 'first_ms', 'kernel, first'), time('kernel', 'last_ms', 'last'),
    {name: 'items cleaned', value: (row) => (row.events && row.events.cleaned ? row.events.cleaned.count : null)},
    {name: 'by thread', value: (row) => row.thread || '–', word: true},
    {name: 'its CPU, ms', value: (row) => median(row.thread_cpu_ms)},
    {name: 'born at', value: (row) => row.birth || '–', word: true},
    {name: 'a look every, µs', value: (row) => median(row.sample_us)},
    {name: 'verified', value: (row) => (row.verified ? 'yes' : `NO: ${row.wrong}`), word: true},
  ];

  // ---- the limit

  function limits(all, main) {
    const rows = ran(all.filter((row) => row.op === 'limit' && row.wait_ms));
    if (!rows.length) return;
    const section = el('section', {class: 'panel'}, el('h3', null, 'At the limit: how long the caller waits'),
      el('p', {class: 'soft'}, 'The memory that the limit allows is full of live buffers, or of buffers that were dropped; the bars show the next call, from its begin to its buffer or its OutOfMemoryError.'));
    main.append(section);
    barChart(section, rows.map((row) => ({label: limitLabel(row), who: whoOf(row), spread: row.wait_ms})), 'ms', null);
    section.append(table(rows, [
      {name: 'memory', value: (row) => row.label, word: true},
      {name: 'outcome', value: (row) => row.outcome, word: true},
      {name: 'ms', value: (row) => row.wait_ms.median},
      {name: 'min', value: (row) => row.wait_ms.min},
      {name: 'max', value: (row) => row.wait_ms.max},
      {name: 'first call', value: (row) => median(row.first_ms)},
      {name: 'GCs', value: (row) => median(row.collections)},
      {name: 'waits', value: (row) => median(row.waits)},
      {name: 'asleep, ms', value: (row) => median(row.waited_ms)},
      {name: 'verified', value: (row) => (row.verified ? 'yes' : `NO: ${row.wrong}`), word: true},
    ], (row) => !row.verified));
    for (const [impl, here] of groupBy(rows.filter((row) => row.message), (row) => row.impl)) {
      section.append(el('h4', null, `What the error of ${impl === 'jdk' ? 'the JDK' : 'znio'} says`), el('pre', {class: 'message'}, here[0].message));
    }
  }

  const limitLabel = (row) => [row.content, row.level, row.collect === 'on' ? 'collectAtLimit' : null].filter(Boolean).join(', ');

  // ---- many small buffers

  function many(all, main) {
    const rows = ran(all.filter((row) => row.op === 'many' && row.events));
    if (!rows.length) return;
    const counts = [...new Set(rows.map((row) => row.count))].sort((a, b) => a - b);
    const section = el('section', {class: 'panel'}, el('h3', null, `Cost of cleaning: dropped buffers of ${bytes(rows[0].size)}`),
      el('p', {class: 'soft'}, 'From the end of the collection to the last one cleaned, and the thread that did it. With leaks=sampled znio looks only for those whose place of birth it has noted.'));
    main.append(section);
    section.append(table(rows, [
      {name: 'memory', value: (row) => row.label, word: true},
      {name: 'buffers', value: (row) => row.count},
      {name: 'cleaned', value: (row) => (row.events.cleaned ? row.events.cleaned.count : null)},
      {name: 'ms after the collection', value: afterCollection},
      {name: 'collection, ms', value: (row) => median(row.call_ms)},
      {name: 'by thread', value: (row) => row.thread || '–', word: true},
      {name: 'its CPU, ms', value: (row) => median(row.thread_cpu_ms)},
      {name: 'CPU ns a buffer', value: (row) => (row.leaks !== 'sampled' && row.thread_cpu_ms && row.events.cleaned && row.events.cleaned.count
        ? row.thread_cpu_ms.median * 1e6 / row.events.cleaned.count : null)},
      {name: 'verified', value: (row) => (row.verified ? 'yes' : `NO: ${row.wrong}`), word: true},
    ], (row) => !row.verified));
    if (counts.length < 2) return;
    const timed = rows.filter((row) => afterCollection(row) !== null);
    const one = (value) => ({median: value, min: value, max: value});
    barChart(section, timed.map((row) => ({label: `${figure(row.count)} ${row.level || ''}`.trim(), who: whoOf(row), spread: one(afterCollection(row))})), 'ms', null);
  }

  function afterCollection(row) {
    const last = moment(row, 'cleaned', 'last_ms');
    return last === null || !row.call_ms ? null : last - median(row.call_at_ms) - median(row.call_ms);
  }

  function leftOut(rows, main) {
    const out = rows.filter((row) => row.skipped || row.failed);
    if (!out.length) return;
    main.append(el('section', {class: 'panel'}, el('h3', null, 'What did not run, and why'), table(out, [
      {name: 'work', value: (row) => row.op, word: true},
      {name: 'memory', value: (row) => row.label, word: true},
      {name: 'why', value: (row) => row.skipped || `FAILED: ${row.failed}`, word: true, long: true},
    ])));
  }

  znio.chapters.lifecycle = lifecycle;
})();

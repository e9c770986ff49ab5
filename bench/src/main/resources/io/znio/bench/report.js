// SPDX-License-Identifier: Apache-2.0
// What all chapters draw with, and the page's frame. A chapter's own file puts its function into
// `znio.chapters`; a chapter without one is drawn as tables. The report is the JSON in #data. All text
// goes in as text nodes, never as markup.
'use strict';
const znio = (() => {
  const report = JSON.parse(document.getElementById('data').textContent);
  const SVG = 'http://www.w3.org/2000/svg';
  const charts = [];
  const chapters = {};

  // ---- elements

  function el(name, attributes, ...children) {
    return fill(document.createElement(name), attributes, children);
  }

  function svg(name, attributes, ...children) {
    return fill(document.createElementNS(SVG, name), attributes, children);
  }

  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value);
    }
    for (const child of children.flat()) {
      if (child !== null && child !== undefined) {
        node.append(child instanceof Node ? child : String(child));
      }
    }
    return node;
  }

  // ---- figures as text

  function bytes(n) {
    for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 1024]]) {
      if (n >= size && n % size === 0) return `${n / size} ${unit}`;
    }
    return n >= 2 ** 20 ? `${(n / 2 ** 20).toFixed(1)} MiB` : `${n} B`;
  }

  function figure(value) {
    if (value === null || value === undefined) return '–';
    if (typeof value !== 'number') return String(value);
    if (Number.isInteger(value)) return value.toLocaleString('en');
    return value >= 100 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
  }

  const fixed = (value) => (typeof value === 'number' ? value.toFixed(2) : '–');
  const feature = (jdk) => (jdk ? jdk.split(/[.+]/)[0] : '');
  function groupBy(items, key) {
    const groups = new Map();
    for (const item of items) {
      const value = key(item);
      if (!groups.has(value)) groups.set(value, []);
      groups.get(value).push(item);
    }
    return groups;
  }

  // ---- tables

  // columns: {name, value(row) -> figure or text to sort by, text(row)?, word?, long?}
  function table(rows, columns, wrong) {
    const body = el('tbody');
    const heads = columns.map((column) => el('th',
      {scope: 'col', class: column.word ? 'word' : null},
      el('button', {type: 'button', onclick: () => sort(column)}, column.name)));
    let order = null;

    function draw(list) {
      body.replaceChildren(...list.map((row) => el('tr', {class: wrong && wrong(row) ? 'wrong' : null},
        columns.map((column) => el('td', {class: column.long ? 'long' : column.word ? 'word' : null},
          column.text ? column.text(row) : figure(column.value(row)))))));
    }

    function sort(column) {
      const down = order && order.column === column ? !order.down : !column.word;
      order = {column, down};
      heads.forEach((head, i) => columns[i] === column
        ? head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
        : head.removeAttribute('aria-sort'));
      draw([...rows].sort((a, b) => compare(column.value(a), column.value(b)) * (down ? -1 : 1)));
    }

    draw(rows);
    return el('div', {class: 'scroll'}, el('table', null, el('thead', null, el('tr', null, heads)), body));
  }

  function compare(a, b) {
    const none = (value) => value === null || value === undefined;
    if (none(a) || none(b)) return none(a) - none(b);
    return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
  }

  // Ratios by name and column, coloured: above 1 good, below 1 bad. ratioOf(name, column) -> number or null
  function heat(head, names, columns, ratioOf) {
    const cell = (ratio) => {
      if (ratio === null) return el('td', {class: 'soft'}, '');
      const depth = Math.min(0.75, Math.abs(Math.log2(ratio)) * 0.4);
      return el('td', {style: `background:rgba(var(--${ratio >= 1 ? 'good' : 'bad'}),${depth.toFixed(2)})`}, fixed(ratio));
    };
    return el('div', {class: 'scroll'}, el('table', {class: 'heat'},
      el('thead', null, el('tr', null, el('th', {class: 'word'}, head), columns.map((column) => el('th', null, column)))),
      el('tbody', null, names.map((name) => el('tr', null, el('td', {class: 'word'}, name),
        columns.map((column) => cell(ratioOf(name, column))))))));
  }

  // ---- charts

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const whiskers = {
    id: 'whiskers',
    afterDatasetsDraw(chart) {
      const context = chart.ctx;
      context.save();
      context.strokeStyle = color('--text');
      context.lineWidth = 1;
      chart.data.datasets.forEach((dataset, at) => {
        chart.getDatasetMeta(at).data.forEach((bar, i) => {
          const spread = dataset.spreads[i];
          if (!spread || !chart.isDatasetVisible(at)) return;
          const from = chart.scales.x.getPixelForValue(spread.min);
          const to = chart.scales.x.getPixelForValue(spread.max);
          context.beginPath();
          context.moveTo(from, bar.y);
          context.lineTo(to, bar.y);
          for (const x of [from, to]) {
            context.moveTo(x, bar.y - 3);
            context.lineTo(x, bar.y + 3);
          }
          context.stroke();
        });
      });
      if (chart.options.baseline) {
        const x = chart.scales.x.getPixelForValue(chart.options.baseline);
        context.strokeStyle = color('--jdk-1');
        context.setLineDash([5, 4]);
        context.beginPath();
        context.moveTo(x, chart.chartArea.top);
        context.lineTo(x, chart.chartArea.bottom);
        context.stroke();
      }
      context.restore();
    },
  };

  function paint(who, all) {
    if (who === 'C') return '--c';
    const kind = who.startsWith('JDK') ? 'jdk' : 'znio';
    const same = all.filter((other) => other !== 'C' && other.startsWith('JDK') === (kind === 'jdk'));
    return `--${kind}-${Math.min(2, same.indexOf(who) + 1)}`;
  }

  // Appends a chart. rows: {label, who, spread}; bars by label, one colour for each who, min and max as whiskers
  // look: {log: the axis is logarithmic, and this writes its figures; from: where bars begin;
  //   paints: the colour of each who, in their order}
  function barChart(into, rows, unit, baseline, look = {}) {
    const labels = [...new Set(rows.map((row) => row.label))];
    const found = [...new Set(rows.map((row) => row.who))];
    const whos = look.paints ? Object.keys(look.paints).filter((who) => found.includes(who))
      : found.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
    const datasets = whos.map((who) => {
      const mine = labels.map((label) => rows.find((row) => row.label === label && row.who === who));
      return {
        label: who,
        paint: look.paints ? look.paints[who] : paint(who, whos),
        data: mine.map((row) => (row ? row.spread.median : null)),
        spreads: mine.map((row) => (row ? row.spread : null)),
        base: look.from,
        skipNull: true,
        maxBarThickness: 13,
        categoryPercentage: 0.82,
        barPercentage: 0.92,
      };
    });
    const bars = rows.length;
    const holder = el('div', {class: 'chart', style: `height:${Math.max(150, bars * 15 + labels.length * 8 + 90)}px`});
    const canvas = el('canvas', {role: 'img', 'aria-label': `Bars: ${unit} of ${labels.join(', ')}`});
    holder.append(canvas);
    into.append(holder); // the chart measures its holder, so that must be in the page first
    const options = {
      indexAxis: 'y',
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      baseline,
      plugins: {
        colors: {enabled: false},
        legend: {position: 'top', align: 'start', labels: {boxWidth: 14, boxHeight: 10}},
        tooltip: {callbacks: {label: (item) => {
          const spread = item.dataset.spreads[item.dataIndex];
          return `${item.dataset.label}: ${fixed(spread.median)} ${unit} (${fixed(spread.min)} to ${fixed(spread.max)})`;
        }}},
      },
      scales: {
        x: {type: look.log ? 'logarithmic' : 'linear', beginAtZero: !look.log, title: {display: true, text: unit},
          min: look.log ? 10 ** Math.floor(Math.log10(Math.min(...rows.map((row) => row.spread.min)))) : undefined,
          ticks: look.log ? {maxRotation: 0, callback: (value) => (isPowerOfTen(value) ? look.log(value) : null)} : {},
          suggestedMax: Math.max(...rows.map((row) => row.spread.max))},
        y: {grid: {display: false}, ticks: {autoSkip: false}},
      },
    };
    const chart = new Chart(canvas, {type: 'bar', data: {labels, datasets}, options, plugins: [whiskers]});
    charts.push(chart);
    dress(chart);
  }

  const isPowerOfTen = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  const rank = (who) => (who === 'C' ? 0 : who.startsWith('JDK') ? 2 : 1);

  function dress(chart) {
    chart.data.datasets.forEach((dataset) => {
      dataset.backgroundColor = color(dataset.paint);
    });
    const scales = chart.options.scales;
    scales.x.grid = {color: color('--line')};
    scales.x.ticks.color = color('--soft');
    scales.x.title.color = color('--soft');
    scales.y.ticks.color = color('--text');
    chart.options.plugins.legend.labels.color = color('--text');
    chart.update();
  }

  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(dress));

  // Buttons that choose which of some pieces is shown; make(key, holder) draws when first asked.
  function tabs(keys, text, chosen, make) {
    const holder = el('div');
    const buttons = keys.map((key) => el('button', {type: 'button', onclick: () => show(key)}, text(key)));
    function show(key) {
      buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(keys[i] === key)));
      for (const chart of charts.filter((one) => holder.contains(one.canvas))) {
        charts.splice(charts.indexOf(chart), 1);
        chart.destroy();
      }
      holder.replaceChildren();
      make(key, holder);
    }
    return {bar: el('div', {class: 'tabs', role: 'group'}, buttons), holder, show: () => show(chosen)};
  }

  // ---- the head

  function head() {
    const machine = report.machine || {};
    const network = machine.network || {};
    const memory = machine.memory_bytes;
    const facts = [
      ['Date', machine.date], ['Kernel', machine.kernel], ['CPU', machine.cpu],
      ['Cores', machine.cores], ['Memory', memory ? `${(memory / 2 ** 30).toFixed(1)} GiB` : null],
      ['Machine', machine.virtual], ['JDK', (machine.jdks || []).join(', ')],
      ['File system of the file', fileSystem(machine.file_system)],
      ['of scratch files', fileSystem(machine.scratch_file_system)],
      ['Congestion control', network.socket_congestion_control || network.congestion_control],
      ['Socket buffers, send / receive', network.socket_send_buffer
        ? `${bytes(network.socket_send_buffer)} / ${bytes(network.socket_receive_buffer)}` : network.wmem_default],
      ['tcp_wmem', network.tcp_wmem], ['tcp_rmem', network.tcp_rmem],
      ['Load before', machine.load_average], ['Root', machine.root === undefined ? null : machine.root ? 'yes' : 'no'],
    ];
    fill(document.getElementById('head'), null, [
      el('h1', null, report.title || 'znio: every path, measured'),
      el('p', {class: 'soft'}, report.intro || 'Ways to move bytes on this machine, through znio, plain C and the JDK, on the same work. Every row was verified byte by byte at the receiver.'),
      el('dl', {class: 'facts'}, facts.filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => el('div', null, el('dt', null, name), el('dd', null, value)))),
    ]);
  }

  function fileSystem(fs) {
    return fs && fs.type ? `${fs.type}${fs.options ? ` (${fs.options})` : ''}` : null;
  }

  // ---- any other chapter: its arrays of objects as tables

  function anyChapter(chapter, main, name) {
    main.append(el('h2', null, name));
    for (const [key, rows] of Object.entries(chapter)) {
      if (!Array.isArray(rows) || !rows.length || typeof rows[0] !== 'object') continue;
      const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      main.append(el('section', {class: 'panel'}, el('h3', null, key), table(rows, names.map((column) => ({
        name: column,
        value: (row) => plain(row[column]),
        word: rows.some((row) => typeof row[column] === 'string'),
      })))));
    }
  }

  function plain(value) {
    if (value && typeof value === 'object') return 'median' in value ? value.median : JSON.stringify(value);
    return value;
  }

  // Draws the page; called when every chapter's file has been read.
  function draw() {
    head();
    const main = document.getElementById('chapters');
    for (const [name, chapter] of Object.entries(report.chapters || {})) {
      const section = el('div', {id: `chapter-${name}`});
      main.append(section);
      (chapters[name] || anyChapter)(chapter, section, name);
    }
    main.append(el('footer', null, `Report schema ${report.schema}. The data of this page are in it as JSON (element #data).`));
  }

  return {chapters, el, svg, bytes, figure, fixed, feature, groupBy, table, heat, barChart, tabs, draw};
})();

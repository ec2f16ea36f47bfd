// SPDX-License-Identifier: Apache-2.0
//
// Legends as HTML: a button for each series shows and hides it.

const SHAPE_DRAWINGS = {
  circle: 'M17 6 a5 5 0 1 0 0.01 0 z',
  rect: 'M12.5 6.5 h9 v9 h-9 z',
  triangle: 'M17 5.5 l5.5 9.5 h-11 z',
  rectRot: 'M17 5 l6 6 l-6 6 l-6 -6 z',
  crossRot: 'M12.5 6.5 l9 9 M21.5 6.5 l-9 9',
  star: 'M17 5 v12 M11 11 h12 M12.5 6.5 l9 9 M21.5 6.5 l-9 9',
};

function swatchOf(series, isBar, theme) {
  const colour = colourOf(series, theme);
  const parts = [];
  if (isBar) {
    parts.push(drawing('rect', { x: 5, y: 4, width: 24, height: 14, fill: colour }));
  } else {
    if (series.hasLine) {
      const dash = dashOf(series).join(' ') || undefined;
      parts.push(
        drawing('path', {
          d: 'M0 11 h34',
          stroke: colour,
          'stroke-width': 2,
          'stroke-dasharray': dash,
        }),
      );
    }
    if (!series.isReference) {
      parts.push(
        drawing('path', { d: SHAPE_DRAWINGS[shapeOf(series)], fill: colour, stroke: colour }),
      );
    }
  }
  return drawing('svg', { width: 34, height: 22, 'aria-hidden': 'true' }, ...parts);
}

function legendItems(id, { series, kind, marks }, theme) {
  const items = series.map((s, i) => {
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': 'true' },
      swatchOf(s, kind === 'bar', theme),
      s.name,
    );
    button.addEventListener('click', () => {
      const chart = window.gradstepCharts[id];
      const isShown = !chart.isDatasetVisible(i);
      chart.setDatasetVisibility(i, isShown);
      chart.update();
      button.setAttribute('aria-pressed', String(isShown));
    });
    return element('li', {}, button);
  });
  return [...items, ...(marks ?? []).map((mark) => markItem(mark, theme))];
}

/** A line across bars, which cannot be hidden. */
function markItem({ name, dash }, theme) {
  const mark = drawing('path', {
    d: 'M17 2 v18',
    stroke: theme.text,
    'stroke-width': 2.5,
    'stroke-dasharray': dash,
  });
  const swatch = drawing('svg', { width: 34, height: 22, 'aria-hidden': 'true' }, mark);
  return element('li', { class: 'mark' }, swatch, name);
}

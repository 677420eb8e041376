import { html, useState } from "../html.js";
import { t } from "../lang.js";
import { Link, go } from "../router.js";

const height = 160;
const head = 8; // air above the highest bar
const labels = 20; // room for the labels below
const floor = height - labels;

// nice answers the smallest round number that is at least most, so that half of it is round too.
function nice(most) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 4, 6, 8, 10].map((k) => k * unit).find((n) => n >= most);
}

// Bars stacks series over time. buckets: [{label, values: {name: number}, href}]; series: [{name, label, tone}], where tone
// names a colour of the style sheet. Pointing at a bar tells its numbers in the legend; a bar with href leads to its rows. The
// same numbers stand in a table, for the keyboard and for those who do not see the picture. brief writes those of the scale.
export function Bars({ title, buckets, series, format = String, brief = format, note }) {
  const [at, setAt] = useState(-1);
  const told = buckets[at];
  const sums = buckets.map((b) => series.reduce((sum, s) => sum + (b.values[s.name] || 0), 0));
  const top = nice(Math.max(...sums, 0));
  const marks = top > 1 ? [1, 0.5, 0] : [1, 0];
  const step = 100 / Math.max(buckets.length, 1);
  const scale = (n) => (n / top) * (floor - head);
  const every = Math.ceil(buckets.length / 6);
  return html`<figure class="chart" onMouseLeave=${() => setAt(-1)}>
    <figcaption><span>${title}${told && html` <span class="faint num">${told.label}</span>`}</span>
      <span class="legend">${series.map((s) => html`<span data-tone=${s.tone}>${s.label}${told && html` <b class="num">${format(told.values[s.name] || 0)}</b>`}</span>`)}</span></figcaption>
    <div class="plot">
      <div class="scale" aria-hidden="true">${marks.map((f) => html`<span>${brief(top * f)}</span>`)}</div>
      <svg role="img" aria-label=${title}>
        ${marks.map((f) => html`<line class="grid" x1="0%" x2="100%" y1=${floor - scale(top * f)} y2=${floor - scale(top * f)} />`)}
        ${buckets.map((b, i) => html`<g key=${i} data-leads=${b.href ? true : undefined} onMouseEnter=${() => setAt(i)} onClick=${b.href && (() => go(b.href))}>
          <title>${b.label}: ${series.map((s) => `${s.label} ${format(b.values[s.name] || 0)}`).join(", ")}</title>
          <rect class="hit" x="${i * step}%" y="0" width="${step}%" height=${floor} />
          ${stacked(b, series, scale).map(([s, y, size]) => html`<rect class="bar" data-tone=${s.tone} x="${(i + 0.12) * step}%" y=${y} width="${step * 0.76}%" height=${size} />`)}
          ${ticked(i, every, buckets.length) && html`<text class=${(i / every) % 2 ? "tick wide-only" : "tick"} x="${(i + 0.12) * step}%" y=${height - 5} aria-hidden="true">${b.tick ?? b.label}</text>`}
        </g>`)}
      </svg>
    </div>
    ${note && html`<p class="note">${note}</p>`}
    <${Numbers} title=${title} buckets=${buckets} series=${series} format=${format} />
  </figure>`;
}

// ticked tells whether a bucket's label has room below: a few have, and the last of many would run out of the picture.
const ticked = (i, every, n) => i % every === 0 && (every === 1 || i + every * 0.6 < n);

// stacked answers [series, y, height] of each piece of one bar, from the floor up.
function stacked(bucket, series, scale) {
  let y = floor;
  return series.map((s) => {
    const size = scale(Math.max(bucket.values[s.name] || 0, 0));
    y -= size;
    return [s, y, size];
  }).filter(([, , size]) => size > 0);
}

function Numbers({ title, buckets, series, format }) {
  const [open, setOpen] = useState(false);
  return html`<details onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>${t("app.as_table")}</summary>
    ${open && html`<div class="table-room" role="group" aria-label=${title} tabindex="0"><table>
      <thead><tr><th scope="col">${t("app.when")}</th>${series.map((s) => html`<th scope="col" class="right">${s.label}</th>`)}</tr></thead>
      <tbody>${buckets.map((b) => html`<tr><td>${b.href ? html`<${Link} href=${b.href}>${b.label}<//>` : b.label}</td>
        ${series.map((s) => html`<td class="right num">${format(b.values[s.name] || 0)}</td>`)}</tr>`)}</tbody>
    </table></div>`}
  </details>`;
}

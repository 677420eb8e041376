import { html } from "../html.js";
import { t } from "../lang.js";

const height = 160;
const base = 20; // room for the labels below

// nice answers the smallest of 1, 2, 5 times a power of ten that is at least most.
function nice(most) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 5, 10].map((k) => k * unit).find((n) => n >= most);
}

// Bars stacks series over time. buckets: [{label, values: {name: number}}]; series: [{name, label, tone}], where tone names a
// colour of the style sheet. The same numbers stand in a table for those who do not see the picture.
export function Bars({ title, buckets, series, format = String }) {
  const sums = buckets.map((b) => series.reduce((sum, s) => sum + (b.values[s.name] || 0), 0));
  const top = nice(Math.max(...sums, 0));
  const step = 1000 / Math.max(buckets.length, 1);
  const scale = (n) => (n / top) * (height - base - 8);
  const every = Math.ceil(buckets.length / 8);
  return html`<figure class="chart">
    <figcaption><span>${title}</span><span class="legend">${series.map((s) => html`<span data-tone=${s.tone}>${s.label}</span>`)}</span></figcaption>
    <div class="plot">
      <div class="scale" aria-hidden="true"><span>${format(top)}</span><span>${format(top / 2)}</span><span>0</span></div>
      <svg viewBox="0 0 1000 ${height}" preserveAspectRatio="none" role="img" aria-label=${title}>
        ${[0, 0.5, 1].map((f) => html`<line class="grid" x1="0" x2="1000" y1=${height - base - scale(top * f)} y2=${height - base - scale(top * f)} />`)}
        ${buckets.map((b, i) => {
          let y = height - base;
          return html`<g key=${i}><title>${b.label}: ${series.map((s) => `${s.label} ${format(b.values[s.name] || 0)}`).join(", ")}</title>
            <rect class="hit" x=${i * step} y="0" width=${step} height=${height - base} />
            ${series.map((s) => {
              const size = scale(b.values[s.name] || 0);
              y -= size;
              return size > 0 && html`<rect class="bar" data-tone=${s.tone} x=${i * step + step * 0.12} y=${y} width=${step * 0.76} height=${size} />`;
            })}</g>`;
        })}
      </svg>
      <div class="ticks" aria-hidden="true">${buckets.filter((_, i) => i % every === 0).map((b) => html`<span>${b.label}</span>`)}</div>
    </div>
    <details><summary>${t("app.as_table")}</summary>
      <div class="table-room" role="region" aria-label=${title} tabindex="0"><table>
        <thead><tr><th scope="col">${t("app.when")}</th>${series.map((s) => html`<th scope="col" class="right">${s.label}</th>`)}</tr></thead>
        <tbody>${buckets.map((b) => html`<tr><td>${b.label}</td>${series.map((s) => html`<td class="right num">${format(b.values[s.name] || 0)}</td>`)}</tr>`)}</tbody>
      </table></div>
    </details>
  </figure>`;
}

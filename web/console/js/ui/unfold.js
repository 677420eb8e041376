import { html } from "../html.js";
import { Link } from "../router.js";

// Unfold is a table whose rows open where they stand: [{key, label, num, wide, cell(row)}]. Its address names the open row, open
// is its key, href(row) opens it and href() closes it; children(row) is what an open row shows.
export function Unfold({ caption, columns, rows, rowKey = (r) => r.id, open, href, children }) {
  const mark = (c) => [c.num && "right", c.wide && "wide-only"].filter(Boolean).join(" ");
  const line = (row, shown) => html`<tr key=${rowKey(row)} data-open=${shown || undefined}>
    ${columns.map((c, i) => html`<td class=${mark(c)} key=${c.key}>${i > 0 ? c.cell(row)
      : html`<${Link} class="row-link" replace href=${href(shown ? undefined : row)} aria-expanded=${shown}>${c.cell(row)}<//>`}</td>`)}</tr>`;
  return html`<div class="table-room" role="group" aria-label=${caption} tabindex="0">
    <table class="rows unfold">
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map((c) => html`<th scope="col" class=${mark(c)} key=${c.key}>${c.label}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => {
        const shown = rowKey(row) === open;
        return html`${line(row, shown)}${shown && html`<tr class="unfolded" key=${rowKey(row) + " open"}><td colspan=${columns.length}>${children(row)}</td></tr>`}`;
      })}</tbody>
    </table>
  </div>`;
}

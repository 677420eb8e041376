import { html } from "../html.js";
import { t } from "../lang.js";
import { Link } from "../router.js";

// Table shows rows in columns [{key, label, num, wide, cell(row)}]. The first cell of a row leads to href(row), and the row
// with it; wide columns are left out on narrow screens.
export function Table({ caption, columns, rows, rowKey = (r) => r.id, href, fresh }) {
  const mark = (c) => [c.num && "right", c.wide && "wide-only"].filter(Boolean).join(" ");
  return html`<div class="table-room" role="group" aria-label=${caption} tabindex="0">
    <table class=${href ? "rows" : ""}>
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map((c) => html`<th scope="col" class=${mark(c)} key=${c.key}>${c.label}</th>`)}</tr></thead>
      <tbody>
        ${rows.map((row) => html`<tr key=${rowKey(row)} data-fresh=${fresh?.(row) || undefined}>
          ${columns.map((c, i) => {
            const cell = c.cell(row);
            return html`<td class=${mark(c)} key=${c.key}>${i === 0 && href ? html`<${Link} class="row-link" href=${href(row)}>${cell}<//>` : cell}</td>`;
          })}
        </tr>`)}
      </tbody>
    </table>
  </div>`;
}

// Pages leads to older rows of a list, and back to the newest.
export const Pages = ({ next, first, onNext, onFirst }) => (next || !first) && html`<nav class="pages" aria-label=${t("app.pages")}>
  <button type="button" disabled=${first} onClick=${onFirst}>${t("app.newest")}</button>
  <button type="button" disabled=${!next} onClick=${() => onNext(next)}>${t("app.older")}</button>
</nav>`;

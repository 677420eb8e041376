// A search that finds nothing among the newest goes on by itself, and says so.
import { get } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { duration } from "../format.js";
import { t } from "../lang.js";
import { Failure, Notice } from "./parts.js";

// LookBack asks for page after page, from next on, until one has rows: onFound gets its cursor. path makes the address of a
// cursor's page; children stand where there is nothing at all.
export function LookBack({ path, next, onFound, children }) {
  const [state, setState] = useState({ took: 0 });
  const [stopped, setStopped] = useState(false);
  useEffect(() => {
    if (stopped) return;
    const stop = new AbortController();
    const began = Date.now();
    const look = async () => {
      for (let cursor = next; cursor; ) {
        const page = await get(path(cursor), { signal: stop.signal });
        if (page.data.length > 0) return onFound(cursor);
        cursor = page.next_cursor;
        setState({ took: Date.now() - began, ended: !cursor });
      }
      setState((now) => ({ ...now, ended: true }));
    };
    look().catch((problem) => problem.name !== "AbortError" && setState((now) => ({ ...now, problem })));
    return () => stop.abort();
  }, [next, path(""), stopped]);
  if (!next || state.ended) return children;
  if (state.problem) return html`<${Failure} problem=${state.problem} />`;
  return html`<${Notice}><p role="status">${t(stopped ? "lookback.stopped" : "lookback.looking", { took: duration(state.took) })}</p>
    <button type="button" class="small" onClick=${() => setStopped(!stopped)}>${t(stopped ? "lookback.go_on" : "lookback.stop")}</button><//>`;
}

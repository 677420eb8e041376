// What a page shows of the service, once or for as long as it changes.
import { ended, events, get, reachable } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

// useTurns counts how often a store's value becomes value.
function useTurns(of, value) {
  const [times, setTimes] = useState(0);
  useEffect(() => of.watch((now) => now === value && setTimes((n) => n + 1)), [of, value]);
  return times;
}

const useRenewals = () => useTurns(ended, false);

// useReturns counts how often the service was away, or the session over, and came back, so that what failed meanwhile is
// asked again.
export function useReturns() {
  return useTurns(reachable, true) + useRenewals();
}

// useLoad answers {data, problem, loading, again} of one GET; "" asks nothing. Data stays while newer is under way.
export function useLoad(path) {
  const [state, setState] = useState({ loading: true });
  const [round, setRound] = useState(0);
  const returns = useReturns();
  useEffect(() => {
    if (!path) return setState({ loading: false });
    const stop = new AbortController();
    setState((s) => ({ ...s, loading: true }));
    get(path, { signal: stop.signal }).then(
      (data) => setState({ data, path, loading: false }),
      (problem) => problem.name !== "AbortError" && setState((s) => ({ ...s, problem, loading: false })),
    );
    return () => stop.abort();
  }, [path, round, returns]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  return { ...state, again };
}

const pause = (ms, signal) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
});

// follow keeps telling what a GET answers until stopped: by the service's stream, begun anew when it breaks.
async function follow(path, signal, tell) {
  let lastID = "";
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 8000)) {
    try {
      for await (const event of events(path, { signal, lastID })) {
        if (event.type === "end") {
          if (JSON.parse(event.data || "{}").final) return tell({ phase: "ended" });
          break;
        }
        if (event.type === "problem") continue;
        wait = 500;
        lastID = event.id;
        tell({ phase: "live", ...(event.data && { data: JSON.parse(event.data), problem: undefined, loading: false }) });
      }
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
        return tell({ problem, loading: false, phase: "ended" });
      }
    }
    if (signal.aborted) return;
    tell({ phase: "reconnecting" });
    await pause(wait, signal);
  }
}

// once tells what a GET answers now.
const once = (path, signal, tell) => get(path, { signal }).then(
  (data) => tell({ data, problem: undefined, loading: false }),
  (problem) => signal.aborted || tell({ problem, loading: false }),
);

// useLive is useLoad that goes on: {data, problem, loading, phase}; phase is connecting, live, reconnecting or ended.
// Paused, it holds what it has; another path is asked once, so that what is shown is what was asked for.
export function useLive(path, { paused = false } = {}) {
  const [state, setState] = useState({ loading: true, phase: "connecting" });
  const [round, setRound] = useState(0);
  const renewals = useRenewals();
  const shown = useRef();
  useEffect(() => {
    if (!path || (paused && shown.current === path)) return;
    const stop = new AbortController();
    const tell = (change) => {
      if (change.data) shown.current = path;
      setState((s) => ({ ...s, ...change, path }));
    };
    setState((s) => (s.path === path ? s : { loading: true, phase: "connecting", path }));
    if (paused) once(path, stop.signal, tell);
    else follow(path, stop.signal, tell);
    return () => stop.abort();
  }, [path, paused, round, renewals]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  return { ...state, again };
}

// useNow redraws every interval milliseconds while running, and answers the time.
export function useNow(interval, running = true) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval, running]);
  return now;
}

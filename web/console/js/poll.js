// What a page keeps asking while it is open.
import { get } from "./api.js";
import { useEffect, useState } from "./html.js";

// usePoll asks a GET again and again, which keeps no session alive: {data, problem, at}. Data stays when an answer fails.
export function usePoll(path, interval) {
  const [state, setState] = useState({ at: Date.now() });
  useEffect(() => {
    if (!path) return;
    const stop = new AbortController();
    let timer;
    const ask = async () => {
      try {
        setState({ data: await get(path, { signal: stop.signal, background: true }), at: Date.now() });
      } catch (problem) {
        if (stop.signal.aborted) return;
        setState((s) => ({ ...s, problem, at: Date.now() }));
      }
      if (!stop.signal.aborted) timer = setTimeout(ask, interval);
    };
    ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [path, interval]);
  return state;
}

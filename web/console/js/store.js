import { useEffect, useState } from "./html.js";

// store holds one value that several parts of the page look at.
export function store(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const tell of [...listeners]) tell(value);
    },
    watch(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
  };
}

// useStore redraws the component when the store's value changes.
export function useStore(s) {
  const [value, setValue] = useState(s.get());
  useEffect(() => {
    setValue(s.get());
    return s.watch(setValue);
  }, [s]);
  return value;
}

// What every page is written with: templates without a build step, and state that redraws what depends on it. Text in a
// template is always text, never markup.
import { h, render, Fragment } from "../vendor/preact.mjs";
import htm from "../vendor/htm.mjs";

export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.mjs";
export { Fragment, render };
export const html = htm.bind(h);

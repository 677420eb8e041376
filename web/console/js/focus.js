// Where the keyboard is when what had it goes away: at what is left around it, not back at the beginning of the page.

let byKeys = true; // the person uses the keyboard at the moment, not a pointer
let last; // what had the keyboard
let around = []; // what lay around it, from the inside out

const parts = "tr, li, form, section, [role=region], dialog";

function chain(el) {
  const found = [];
  for (let at = el.parentElement?.closest(parts); at; at = at.parentElement?.closest(parts)) found.push(at);
  return found;
}

// settle gives the keyboard back to what was only busy, or to what is left around what is gone.
function settle() {
  if (!byKeys || !last || document.activeElement !== document.body) return;
  if (last.isConnected) {
    if (!last.disabled) last.focus({ preventScroll: true });
    return;
  }
  const left = around.find((el) => el.isConnected) ?? document.querySelector("h1");
  if (left && !left.hasAttribute("tabindex")) left.tabIndex = -1;
  left?.focus({ preventScroll: true });
}

// keepFocus watches over the keyboard for as long as the page is open.
export function keepFocus() {
  addEventListener("focusin", (event) => {
    last = event.target;
    around = chain(last);
  });
  addEventListener("keydown", () => { byKeys = true; }, true);
  addEventListener("pointerdown", () => { byKeys = false; }, true);
  new MutationObserver(settle).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] });
}

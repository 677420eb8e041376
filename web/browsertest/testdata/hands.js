// What a person finds on a page: by its role and the name that is read out.
globalThis.hands ??= (() => {
  const tidy = (text) => text.replace(/\s+/g, " ").trim();

  const spoken = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute("aria-hidden") === "true") return "";
    return [...node.childNodes].map(spoken).join(getComputedStyle(node).display.startsWith("inline") ? "" : " ") + " ";
  };

  // name is what an element is called.
  const name = (el) => {
    const by = el.getAttribute("aria-labelledby");
    if (by) return tidy(by.split(" ").map((id) => spoken(document.getElementById(id) ?? document.createTextNode(""))).join(" "));
    if (el.ariaLabel) return tidy(el.ariaLabel);
    if (el.tagName === "FIELDSET") return tidy(spoken(el.querySelector("legend") ?? document.createTextNode("")));
    if (el.labels?.length) return tidy([...el.labels].map((label) => spoken(withoutControls(label))).join(" "));
    return tidy(spoken(el));
  };

  const withoutControls = (label) => {
    const copy = label.cloneNode(true);
    copy.querySelectorAll("input, select, textarea").forEach((control) => control.remove());
    return copy;
  };

  const kinds = {
    button: "button, summary",
    link: "a[href]",
    option: "[role=option]",
    field: "input:not([type=radio], [type=checkbox]), textarea, select",
    choice: "input[type=radio], input[type=checkbox]",
    region: "section, [role=region], dialog, fieldset, nav, form[role=search]",
    heading: "h1, h2, h3",
  };

  // scope is the dialog that lies over the page, or the page.
  const scope = () => [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;

  const shown = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // all lists the elements of a kind that are called so; those called exactly so alone, if there are any.
  const all = (kind, wanted, within) => {
    const rooms = within ? all("region", within) : [scope()];
    const found = rooms.flatMap((room) => [...room.querySelectorAll(kinds[kind])]).filter(shown);
    if (kind === "region" && name(scope()) === wanted) found.push(scope());
    const exact = found.filter((el) => name(el) === tidy(wanted));
    return exact.length ? exact : found.filter((el) => name(el).startsWith(tidy(wanted)));
  };

  const find = (kind, wanted, within) => all(kind, wanted, within).find((el) => !el.disabled);

  // A page may move under the pointer between a look and a click. What is aimed at is clicked on, or nothing is: a click that
  // would fall elsewhere is withheld, so that it can be tried again.
  let seen; // what was last found
  let aim;
  const isAim = (el) => aim.contains(el) || [...(aim.labels ?? [])].some((label) => label.contains(el));
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
    addEventListener(type, (event) => {
      if (!aim || !event.isTrusted) return;
      if (isAim(event.target)) {
        if (type === "click") aim = undefined;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
    }, true);
  }

  // point is where to click on an element, once nothing lies over it.
  const point = (el) => {
    seen = el;
    if (!el) return null;
    el.scrollIntoView({ block: "center", inline: "nearest" });
    const box = el.getClientRects()[0];
    if (!box) return null;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const hit = document.elementFromPoint(x, y);
    return hit && (el.contains(hit) || [...(el.labels ?? [])].some((label) => label.contains(hit))) ? [x, y] : null;
  };

  const isCalled = (el, wanted) => el !== document.body && (name(el) === tidy(wanted) || name(el).startsWith(tidy(wanted) + " "));

  const isWanted = (el, wanted) => (wanted.startsWith("css:") ? el.matches(wanted.slice(4)) : isCalled(el, wanted));

  // unseen says why one cannot see that an element has the keyboard: "" where a ring is drawn in the window and nothing hides it.
  const unseen = (el) => {
    if (el === document.body || el.matches("h1, main, dialog, section")) return ""; // where a page begins, not a thing to press
    const style = getComputedStyle(el);
    const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!drawn) return `no ring: ${style.outlineWidth} ${style.outlineStyle}`;
    const bar = document.querySelector(".savebar");
    if (bar && !(parseFloat(getComputedStyle(document.documentElement).scrollPaddingBottom) >= bar.offsetHeight)) return "the bar of what is not saved may lie over it";
    el.scrollIntoView({ block: "nearest", inline: "nearest" }); // as the browser did when it came here: what was drawn since may have moved it
    const box = [...el.getClientRects()].find((b) => b.width && b.height);
    if (!box) return "no size";
    if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return "outside the window";
    const [left, right, top, bottom] = [Math.max(box.left, 0), Math.min(box.right, innerWidth), Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const places = [[(left + right) / 2, (top + bottom) / 2], [left + 2, top + 2], [right - 2, bottom - 2], [left + 2, bottom - 2], [right - 2, top + 2]];
    const open = places.some(([x, y]) => {
      const hit = document.elementFromPoint(x, y);
      return hit && (el.contains(hit) || hit.contains(el) && !hit.matches(".savebar, .top, .away"));
    });
    return open ? "" : "something lies over it";
  };

  return {
    name,
    find,
    has: (kind, wanted, within) => all(kind, wanted, within).some(shown),
    pointAt: point,
    // aim is for what was last found; struck tells whether a click has come to it. A new page aims at nothing.
    aim: () => { aim = seen; return true; },
    struck: () => { const hit = !aim; aim = undefined; return hit; },
    point: (kind, wanted, within) => point(find(kind, wanted, within)),
    focus: (kind, wanted, within) => {
      const el = find(kind, wanted, within);
      if (!el) return false;
      el.scrollIntoView({ block: "center" });
      el.focus();
      el.select?.();
      return document.activeElement === el;
    },
    value: (kind, wanted, within) => find(kind, wanted, within)?.value,
    // choose picks an option of a select by its words or its value, as a click on it does.
    choose: (wanted, option, within) => {
      const el = find("field", wanted, within);
      const picked = [...(el?.options ?? [])].find((o) => tidy(o.text) === option || o.value === option);
      if (!picked) return false;
      el.focus();
      el.value = picked.value;
      el.dispatchEvent(new Event("input", { bubbles: true }));
      el.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    },
    says: (text) => tidy(document.body.innerText).includes(tidy(text)),
    text: () => tidy(document.body.innerText),
    // isCalled tells whether an element has a name, with or without the sign that it must be filled in.
    isCalled,
    // focused is the name of what has the keyboard.
    focused: () => (document.activeElement ? name(document.activeElement) : ""),
    // reachable: something that can have the keyboard is called so, or fits a selector.
    reachable: (wanted) => [...scope().querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].some((el) => !el.disabled && isWanted(el, wanted)),
    // stop tells of what has the keyboard: its name, whether it is the wanted, and why somebody could not see that it has it.
    stop: (wanted) => ({ name: name(document.activeElement), found: isWanted(document.activeElement, wanted), unseen: unseen(document.activeElement) }),
    // unspoken lists controls, parts and headings without a name, with a catalogue's key for one, or with one in another language.
    unspoken: (foreign) => [...scope().querySelectorAll(Object.values(kinds).join(", ") + ", th, dt, legend, option, [aria-label]")].filter((el) => shown(el) && !el.closest("[lang]:not(html)") && !el.querySelector("code") && !el.closest("code, .operation")).flatMap((el) => {
      const said = name(el);
      const what = `${el.tagName.toLowerCase()} ${el.className}`;
      if (!said && !el.matches("dt, legend, option, section, th")) return [`a ${what} without a name`];
      if (/^[a-z_0-9]+\.[a-z_0-9]+$/.test(said) && !el.matches("[href^='/openapi.']")) return [`a ${what} is called by a key, ${said}`];
      return foreign?.has(said) ? [`a ${what} is called ${said}`] : [];
    }),
    // held: the keyboard is somewhere, and within the dialog if one is open.
    held: () => document.activeElement !== document.body && scope().contains(document.activeElement),
  };
})();

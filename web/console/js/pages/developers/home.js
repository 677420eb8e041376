import { html } from "../../html.js";
import { Developers } from "./frame.js";
import { Keys } from "./keys.js";
import { Start } from "./start.js";

export const DevelopersHome = () => html`<${Developers}><${Keys} /><${Start} /><//>`;

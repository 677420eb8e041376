// Every page and its address.
import { Costs } from "./pages/costs.js";
import { Message } from "./pages/message.js";
import { Messages } from "./pages/messages.js";
import { Overview } from "./pages/overview.js";

export const pages = [
  ["/", Overview],
  ["/messages", Messages],
  ["/messages/:id", Message],
  ["/costs", Costs],
];

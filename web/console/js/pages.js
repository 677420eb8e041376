// Every page and its address.
import { Message } from "./pages/message.js";
import { Messages } from "./pages/messages.js";

export const pages = [
  ["/messages", Messages],
  ["/messages/:id", Message],
];

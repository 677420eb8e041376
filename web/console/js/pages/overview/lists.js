import { query } from "../../api.js";

// lists answers how to address the messages behind a number of the overview.
export const lists = (overview, test) => (filters) => "/messages" + query({ created_after: overview.from, test: String(test), ...filters });

// In the page: the digest of weights that is the same everywhere.
export { main } from "../../golden.js";

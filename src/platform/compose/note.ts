/** What an import has to say: what was not carried over, or not as it was, and why. */
export type Note = {
  /** Where in the Compose file, such as `web.networks`. */
  where: string;
  what: string;
};

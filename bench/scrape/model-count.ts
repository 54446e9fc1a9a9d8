/** Of the server that is scraped. */
export const MODEL_COUNT = 200;

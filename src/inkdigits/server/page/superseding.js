// Work that newer work makes pointless.

/** A function that runs work(signal); work that is still running when it is called again is cut off and comes to undefined. */
export function superseding() {
  let running = new AbortController();
  const run = async (work) => {
    running.abort();
    const { signal } = (running = new AbortController());
    try {
      const result = await work(signal);
      return signal.aborted ? undefined : result;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };
  run.stop = () => running.abort();
  return run;
}

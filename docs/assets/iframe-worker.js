// A browser starts no worker for a page that was opened from disk, and the search is a worker. This runs it in a hidden
// frame instead, so that the site's search works from disk too; nothing is fetched from elsewhere.
(() => {
  class FrameWorker extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      this.ready = new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true }));
      this.inside = this.frame.contentWindow;
      window.addEventListener("message", (event) => this.hear(event));
      this.fill(new URL(url, document.baseURI));
    }

    fill(url) {
      const bridge = this.inside.document;
      bridge.open();
      bridge.write("<!doctype html><script>(" + within + ")()<" + "/script>");
      bridge.write('<script src="' + encodeURI(url.href) + '"><' + "/script>");
      bridge.close();
    }

    hear(event) {
      if (event.source !== this.inside) return;
      event.stopImmediatePropagation();
      this.dispatchEvent(new MessageEvent("message", { data: event.data }));
    }

    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.frame.remove();
    }
  }

  // Runs in the frame: what a worker finds there.
  function within() {
    window.postMessage = (data) => parent.postMessage(data, "*");
    const load = (url) =>
      new Promise((resolve, reject) => {
        const script = Object.assign(document.createElement("script"), { src: url, onload: resolve, onerror: reject });
        document.body.append(script);
      });
    window.importScripts = (...urls) => urls.reduce((before, url) => before.then(() => load(url)), Promise.resolve());
  }

  if (location.protocol === "file:") window.Worker = FrameWorker;
})();

// Injected before the page's own scripts: notes when its first WebSocket opened (unless a worker
// has it), when it was told that it may see the screen (where the product has such a message), and
// in which animation frame its picture first showed the desktop's icon.
((G, element, eachFrame, isGrant) => {
  const now = () => performance.timeOrigin + performance.now();
  const F = { start: performance.timeOrigin, open: 0, grant: 0, picture: 0 };
  window.__first = F;
  const listen = (source) => {
    if (!isGrant) return;
    const heard = (e) => {
      if (F.grant || !isGrant(e.data)) return;
      F.grant = now();
      source.removeEventListener('message', heard);
    };
    source.addEventListener('message', heard);
  };
  // Not a subclass: noVNC looks at the prototype of what it gets.
  window.WebSocket = new Proxy(window.WebSocket, {
    construct(target, args) {
      const socket = Reflect.construct(target, args);
      socket.addEventListener('open', () => {
        F.open ||= now();
      });
      listen(socket);
      return socket;
    },
  });
  // A product may have its socket in a worker, which tells the page of what comes.
  window.Worker = new Proxy(window.Worker, {
    construct(target, args) {
      const worker = Reflect.construct(target, args);
      listen(worker);
      return worker;
    },
  });
  const c = document.createElement('canvas');
  c.width = c.height = 1;
  const pixel = c.getContext('2d', { willReadFrequently: true });
  const near = (a, b) => Math.abs(a - b) < 40;
  eachFrame(() => {
    if (F.picture) return;
    let e = null;
    try {
      e = element();
    } catch {
      // the page is not that far yet
    }
    const w = e ? e.videoWidth || e.width : 0;
    const h = e ? e.videoHeight || e.height : 0;
    if (w >= 1000) {
      pixel.drawImage(e, Math.floor((G.icon.x * w) / G.width), Math.floor((G.icon.y * h) / G.height), 1, 1, 0, 0, 1, 1);
      const d = pixel.getImageData(0, 0, 1, 1).data;
      if (near(d[0], G.icon.r) && near(d[1], G.icon.g) && near(d[2], G.icon.b)) {
        F.picture = now();
      }
    }
  });
})

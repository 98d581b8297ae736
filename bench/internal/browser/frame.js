// Calls look() once in every animation frame, after all that the page itself does in it: a
// ResizeObserver is told between a frame's callbacks and its painting. (A callback of the frame
// would come before those that the page asks for later, and see what a page draws in its own
// callback only one frame after it was shown.)
((look) => {
  let mark = null;
  let wide = false;
  const tick = () => {
    requestAnimationFrame(tick);
    if (!mark) {
      if (!document.documentElement) return;
      mark = document.createElement('div');
      mark.style.cssText = 'position:fixed;left:0;top:0;width:1px;height:1px;visibility:hidden;contain:strict;pointer-events:none';
      document.documentElement.append(mark);
      new ResizeObserver(look).observe(mark);
    }
    wide = !wide;
    mark.style.width = wide ? '2px' : '1px';
  };
  requestAnimationFrame(tick);
})

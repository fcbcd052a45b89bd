// Runs before the first paint, so that a chosen theme never flashes the other one. The CSP forbids this inline.
try {
  const theme = localStorage.getItem("otelier.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage can be forbidden: the system's theme it is.
}

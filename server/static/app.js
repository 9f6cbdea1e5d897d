// Only comfort: every page is complete without this.
for (const button of document.querySelectorAll("[data-copy]")) {
  // The clipboard is for secure pages (HTTPS, or one's own machine) only.
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}

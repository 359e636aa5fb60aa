"use strict";
(() => {
  const PAUSE = 15000;

  // The part that changes is fetched again; nothing is replaced under somebody's fingers.
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  let tag = "";

  const waiting = () => Number(live.querySelector("[data-waiting]").dataset.waiting);

  async function refresh() {
    if (document.hidden || live.contains(document.activeElement)) return;
    let answer;
    try {
      answer = await fetch(live.dataset.source, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
    } catch {
      news.textContent = "Nightshift does not answer; what you see may be old.";
      return;
    }
    if (answer.status === 304) return;
    if (!answer.ok) {
      news.textContent = answer.status === 401 ? "You are signed out: load the page again." : "Nightshift has a problem; what you see may be old.";
      return;
    }
    const text = await answer.text();
    if (live.contains(document.activeElement)) return;
    const before = waiting();
    tag = answer.headers.get("ETag") || "";
    // Text of our own server, in which everything from elsewhere is escaped.
    live.innerHTML = text;
    const now = waiting();
    document.title = document.title.replace(/^\d+/, now);
    // Told to a screen reader only if it has changed.
    news.textContent = now === before ? "" : `${now} waiting now, ${before} before.`;
  }

  if (live) {
    setInterval(refresh, PAUSE);
    document.addEventListener("visibilitychange", refresh);
  }

  // A second press must not send a form twice.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  // The interval chart. Colours are those of the stylesheet, light or dark.
  const canvas = document.querySelector("canvas[data-bars]");
  if (canvas && window.Chart) {
    const read = (name) => JSON.parse(canvas.dataset[name]);
    const [names, low, high, value, verdict] = ["bars", "low", "high", "value", "verdict"].map(read);
    let chart;
    const draw = () => {
      const style = getComputedStyle(document.documentElement);
      const colour = (name) => style.getPropertyValue(name).trim();
      const meaning = { better: colour("--good"), worse: colour("--bad") };
      const colours = verdict.map((word) => meaning[word] || colour("--faint"));
      if (chart) chart.destroy();
      chart = new window.Chart(canvas, {
        type: "bar",
        data: {
          labels: names,
          datasets: [
            { label: "interval", data: names.map((_, i) => [low[i], high[i]]), backgroundColor: colours, barThickness: 8 },
            { label: "value", type: "scatter", data: names.map((name, i) => ({ x: value[i], y: name })), pointRadius: 6, backgroundColor: colour("--paper"), borderColor: colours, borderWidth: 3 },
          ],
        },
        options: {
          animation: false,
          indexAxis: "y",
          maintainAspectRatio: false,
          plugins: {
            legend: { display: false },
            tooltip: { callbacks: { label: (item) => `${value[item.dataIndex]} % (${low[item.dataIndex]} to ${high[item.dataIndex]})` } },
          },
          scales: {
            x: {
              ticks: { color: colour("--faint"), callback: (tick) => `${tick} %` },
              grid: { color: (line) => (line.tick && line.tick.value === 0 ? colour("--ink") : colour("--line")) },
              suggestedMin: 0,
              suggestedMax: 0,
            },
            y: { ticks: { color: colour("--ink") }, grid: { display: false } },
          },
        },
      });
    };
    draw();
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }
})();

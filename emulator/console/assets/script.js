// Renews the live sections of a page every two seconds, until they are paused or the page is not looked at. A page that
// takes long to make is asked for less often: no more than a tenth of the time is spent on it.
"use strict";

const EVERY = 2000;
const SHARE = 10;
const button = document.querySelector("[data-pause]");
const said = document.querySelector("[data-said]");
let paused = false;

async function renew() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const section of document.querySelectorAll("[data-live]")) {
    const renewed = fresh.getElementById(section.id);
    if (renewed && renewed.innerHTML !== section.innerHTML) put(section, renewed);
  }
}

// The focus stays on what has the same id or, of a form's button, the same form.
function put(section, renewed) {
  const focused = section.contains(document.activeElement) ? document.activeElement.id : "";
  section.replaceChildren(...renewed.childNodes);
  if (focused) document.getElementById(focused)?.focus();
}

async function again() {
  const began = performance.now();
  if (!paused && document.visibilityState === "visible") {
    try {
      await renew();
      said.textContent = "";
    } catch {
      said.textContent = "The emulator does not answer; trying again.";
    }
  }
  setTimeout(again, Math.max(EVERY, SHARE * (performance.now() - began)));
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    said.textContent = paused ? "Paused." : "";
  });
  setTimeout(again, EVERY);
}

// Follows a build that runs. The page shows the same without it, when it is loaded again.

const EVERY_MS = 400;
const box = document.getElementById("build");
let stage = "";

function lines(list, items, told) {
  list.replaceChildren(
    ...items.map((item) => {
      const row = document.createElement("li");
      told(row, item);
      return row;
    }),
  );
}

function file(row, each) {
  row.textContent = each.reason ? `${each.path}: ${each.reason}` : each.path;
  row.classList.toggle("bad", Boolean(each.reason));
}

function step(row, each) {
  const name = document.createElement("span");
  name.textContent = each.what;
  const bar = document.createElement("progress");
  bar.max = Math.max(each.total, 1);
  bar.value = each.done;
  bar.setAttribute("aria-label", each.what);
  const count = document.createElement("span");
  count.textContent = `${each.done} of ${each.total}`;
  row.append(name, " ", bar, " ", count);
}

function show(build) {
  document.getElementById("build-count").textContent =
    `${build.looked_at} files looked at, ${build.failed.length} of them could not be read; ${build.seconds} s`;
  lines(document.getElementById("build-files"), build.files, file);
  lines(document.getElementById("build-failed"), build.failed, file);
  lines(document.getElementById("build-steps"), build.steps, step);
  document.getElementById("build-failed-part").hidden = build.failed.length === 0;
  // Told aloud when the step changes, not at every file.
  const now = build.steps.length ? build.steps[build.steps.length - 1].what : "reading";
  if (now !== stage) {
    stage = now;
    document.getElementById("build-line").textContent = `Building: ${now}.`;
  }
}

async function follow() {
  try {
    const answer = await fetch("/build.json", { headers: { accept: "application/json" } });
    if (!answer.ok || answer.redirected) return location.reload();
    const build = await answer.json();
    show(build);
    if (!build.running) return location.reload();
  } catch {
    document.getElementById("build-line").textContent = "The operator's page does not answer; trying again.";
    stage = "";
  }
  setTimeout(follow, EVERY_MS);
}

if (box?.dataset.running === "yes") follow();

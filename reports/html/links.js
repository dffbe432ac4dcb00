"use strict";
// A reader's own link: two inputs, speed and latency, from which tables and the answer are computed anew.
(() => {
  // A collective (rsbench/links/collective_time.py).
  const callSeconds = (call, link) =>
    (8 * call.bytes) / link.bits_per_s + call.round_trips * link.round_trip_s + call.fixed_s;

  // One line of computing, one link that serves collectives in order (reports/costs/step_model.py).
  const phaseSeconds = (phase, link) => {
    let inHooks = 0, linkFree = 0, decoded = 0;
    for (const bucket of phase.buckets) {
      const begun = phase.before_s + bucket.ready_s + inHooks;
      let now = begun + bucket.compress_s;
      for (const call of bucket.calls) {
        linkFree = Math.max(now, linkFree) + call.per_step * callSeconds(call, link);
        if (call.blocking) now = linkFree;
      }
      inHooks += now - begun;
      decoded = Math.max(decoded, bucket.calls.length ? linkFree : now) + bucket.decompress_s;
    }
    return Math.max(phase.before_s + phase.backward_s + inHooks, decoded) + phase.after_s;
  };
  // Records of earlier versions know a step's computing and its bytes only.
  const stepSeconds = (costs, link) =>
    costs.phases ? costs.phases.reduce((sum, phase) => sum + phaseSeconds(phase, link), 0)
      : costs.compute_s + (8 * costs.wire_bytes) / link.bits_per_s;

  // Numbers as rsbench/units.py writes them.
  const significant = (value, digits = 3) => {
    if (!Number.isFinite(value)) return "-";
    if (value === 0) return "0";
    const rounded = Number(value.toPrecision(digits));
    return rounded.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded)))));
  };
  const scaled = (value, names, digits) => {
    let index = 0;
    while (index < names.length - 1 && Number(significant(value, digits)) >= 1000) { value /= 1000; index += 1; }
    return `${significant(value, digits)} ${names[index]}`;
  };
  const bytes = (count) => (count === null ? "-" : scaled(count, ["B", "kB", "MB", "GB", "TB"], 3));
  const speed = (rate) => scaled(rate, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"], 2);
  const milliseconds = (seconds) => (seconds >= 0.001 ? significant(1000 * seconds) : (1000 * seconds).toFixed(2));
  const hours = (seconds) => significant(seconds / 3600);
  const timeUnit = (seconds) => (seconds >= 3600 ? ["h", 3600] : seconds >= 60 ? ["min", 60] : ["s", 1]);
  const ratio = (value) => (value >= 100 ? `${value.toFixed(0)}x` : `${significant(value, 2)}x`);

  const two = (count) => String(count).padStart(2, "0");
  const duration = (seconds) => {
    if (seconds >= 3600) return `${significant(seconds / 3600)} h`;
    const whole = Math.round(seconds);
    return whole < 60 ? `${whole} s` : whole < 3600 ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s` : "1 h 00 min";
  };
  const linkTitle = (link) =>
    speed(link.bits_per_s) + (link.round_trip_s ? `, ${milliseconds(link.round_trip_s)} ms round trip` : "");

  const passes = ([visible], busy) => Math.max(1, Math.ceil(busy / visible - 1e-9));
  const elapsed = (contact, busy) => {
    const before = passes(contact, busy) - 1;
    return before * contact[1] + (busy - before * contact[0]);
  };

  // What a row shows on a link: column -> text.
  const texts = (row, link, contact, reference) => {
    const step = stepSeconds(row.costs, link), run = row.steps * step;
    const shown = { link_step_s: milliseconds(step), link_step_range_s: "-", run_s: hours(run), link_speed_up: "-" };
    if (row.target_steps !== null) shown.target_s = hours(row.target_steps * step);
    if (reference && !row.is_reference) shown.link_speed_up = ratio(stepSeconds(reference.costs, link) / step);
    if (contact) {
      const share = row.sent_bytes === null ? null : Math.min(1, contact[0] / run) * row.sent_bytes;
      shown.elapsed_s = hours(elapsed(contact, run));
      shown.passes = passes(contact, run).toLocaleString("en");
      shown.sent_bytes_per_pass = bytes(share);
    }
    return shown;
  };

  const write = (cell, text, sortValue) => {
    const marks = cell.querySelector(".hang");
    cell.replaceChildren(text, ...(marks ? [marks] : []));
    cell.dataset.v = sortValue;
  };
  const units = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
  const number = (text) => (text === "-" ? "" : String(parseFloat(text.replaceAll(",", "")) * (units[text.split(" ")[1]?.[0]] ?? 1)));

  const field = (name, unit, value) => {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "text", inputMode: "decimal", autocomplete: "off", value });
    input.setAttribute("aria-label", `${name} in ${unit}`);
    label.append(name, input, unit);
    return [label, input];
  };

  // A comma is a decimal sign unless it may part thousands.
  const typed = (input) => {
    const text = input.value.trim();
    const isNumber = /^(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i.test(text) && !/,\d{3}$/.test(text);
    return isNumber ? Number(text.replace(",", ".")) : NaN;
  };
  const INVALID = "Type a speed above 0 and a round trip of 0 or more. At most 10 Tbit/s and 1000 s.";

  // The inputs of a form, and the link that they say: null where that is none.
  const linkForm = (kind, title, numbers, extra) => {
    const form = document.createElement("form");
    const shown = [1e-6 * numbers.bits_per_s, 1000 * numbers.round_trip_s].map((value) => String(Number(value.toPrecision(6))));
    const [speedLabel, speedInput] = field("Speed", "Mbit/s", shown[0]);
    const [latencyLabel, latencyInput] = field("Round trip", "ms", shown[1]);
    form.className = kind;
    form.setAttribute("aria-label", title);
    form.append(`${title}:`, speedLabel, latencyLabel, extra);
    form.addEventListener("submit", (event) => event.preventDefault());
    const link = () => {
      const mbit = typed(speedInput), ms = typed(latencyInput);
      const isSpeed = mbit >= 1e-6 && mbit <= 1e7, isLatency = ms >= 0 && ms <= 1e6;
      speedInput.setCustomValidity(isSpeed ? "" : INVALID);
      latencyInput.setCustomValidity(isLatency ? "" : INVALID);
      return isSpeed && isLatency ? { bits_per_s: 1e6 * mbit, round_trip_s: ms / 1000 } : null;
    };
    return {
      form, link,
      isAsPrinted: () => speedInput.value === shown[0] && latencyInput.value === shown[1],
      reset: () => { [speedInput.value, latencyInput.value] = shown; },
    };
  };

  // The answer for a link, in the words of reports/analysis/link_answer.py.
  const answerFor = (numbers, link) => {
    const runs = numbers.rows.filter(Boolean).map((row) => ({ ...row, step_s: stepSeconds(row.run.costs, link) }));
    const reference = runs.find((row) => row.run.is_reference), advised = runs.filter((row) => row.is_advised);
    if (!reference || !advised.length) return "";
    const taken = (row) => row.run.steps * row.step_s;
    const best = advised.reduce((first, row) => (row.step_s < first.step_s ? row : first));
    const where = `On a link of ${linkTitle(link)}`, hours = duration(taken(best)), dense = duration(taken(reference));
    if (best === reference) return `${where}: do not compress: the run takes ${dense}.`;
    if (best.step_s > (1 - numbers.noticeable) * reference.step_s) {
      return `${where}: ${best.saving} does not pay, ${best.label} takes ${hours}, none ${dense}, less than ${Math.round(100 * numbers.noticeable)} % apart.`;
    }
    return `${where}: use ${best.label}: the run takes ${hours} instead of ${dense} with none.`;
  };

  for (const data of document.querySelectorAll("script.advisor")) {
    const numbers = JSON.parse(data.textContent), output = document.createElement("output");
    const { form, link } = linkForm("advisor-form", "Your own link", numbers, output);
    if (numbers.remark) output.before(numbers.remark);
    data.nextElementSibling.after(form);

    const table = data.closest("article").querySelector(".methods table"), column = [];
    const heading = document.createElement("th");
    Object.assign(heading, { scope: "col", className: "right", textContent: "Your link " });
    heading.dataset.better = "lower";
    const unit = document.createElement("small");
    heading.append(unit);
    table.tHead.rows[0].append(heading);
    for (const row of table.tBodies[0].rows) {
      column.push(row.insertCell());
    }
    const reference = numbers.rows.find((row) => row?.run.is_reference);
    const compute = () => {
      const entered = link();
      const taken = (row) => (row && entered ? row.run.steps * stepSeconds(row.run.costs, entered) : NaN);
      const [name, seconds] = timeUnit(reference && entered ? taken(reference) : 3600);
      output.textContent = entered ? answerFor(numbers, entered) : INVALID;
      unit.textContent = `(${name})`;
      column.forEach((cell, place) => {
        cell.dataset.label = `Your link (${name})`;
        cell.textContent = significant(taken(numbers.rows[place]) / seconds);
      });
      table.dispatchEvent(new Event("values"));
    };
    form.addEventListener("input", compute);
    compute();
  }

  for (const data of document.querySelectorAll("script.calculator")) {
    const numbers = JSON.parse(data.textContent), heading = data.previousElementSibling;
    const table = data.nextElementSibling.querySelector("table"), title = heading.textContent;
    const rows = [...table.tBodies[0].rows].map((row, index) => ({ row, numbers: numbers.rows[index] })).filter((one) => one.numbers);
    const reference = rows.find((one) => one.numbers.is_reference)?.numbers;
    const cells = rows.flatMap(({ row }) => Object.values(numbers.columns).map((place) => row.cells[place]));
    const printed = cells.map((cell) => [cell, [...cell.childNodes], cell.dataset.v]);

    const reset = document.createElement("button");
    Object.assign(reset, { type: "button", textContent: "As printed", hidden: true });
    const { form, link: entered, isAsPrinted, reset: enterPrinted } = linkForm("calculator-form", "Another link", numbers, reset);
    data.nextElementSibling.before(form);

    const restore = () => {
      for (const [cell, nodes, value] of printed) {
        cell.replaceChildren(...nodes);
        if (value === undefined) delete cell.dataset.v; else cell.dataset.v = value;
      }
      heading.textContent = title;
      reset.hidden = true;
      table.dispatchEvent(new Event("values"));
    };
    const compute = () => {
      const link = entered();
      if (!link) return;
      if (isAsPrinted()) { restore(); return; }
      for (const one of rows) {
        for (const [name, text] of Object.entries(texts(one.numbers, link, numbers.contact, reference))) {
          if (name in numbers.columns) write(one.row.cells[numbers.columns[name]], text, number(text));
        }
      }
      heading.textContent = `On a link of ${linkTitle(link)}${numbers.when} (modelled, computed here)`;
      reset.hidden = false;
      table.dispatchEvent(new Event("values"));
    };
    form.addEventListener("input", compute);
    reset.addEventListener("click", () => {
      enterPrinted();
      restore();
    });
  }
})();

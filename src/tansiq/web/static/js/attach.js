// Hands files in part by part, each sealed by the node as it arrives; a broken connection goes on where it ended.
const PART = 2 * 1024 * 1024;
const PATIENCE = [1, 2, 4, 8, 15, 30, 60];

const id = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

class Hand {
  constructor(box, file) {
    this.box = box;
    this.file = file;
    this.id = id();
    this.url = box.dataset.attach.replace("00000000-0000-0000-0000-000000000000", this.id);
    this.line = box.querySelector("template").content.firstElementChild.cloneNode(true);
    this.line.querySelector("[data-name]").textContent = file.name;
    box.querySelector("[data-attached]").append(this.line);
    this.line.querySelector("[data-drop]").addEventListener("click", () => this.drop());
  }

  headers() {
    return { "X-CSRFToken": this.box.closest("form").querySelector("[name=csrfmiddlewaretoken]").value };
  }

  async part(offset) {
    const query = new URLSearchParams({ name: this.file.name, size: this.file.size, offset });
    const body = this.file.slice(offset, offset + PART);
    return fetch(`${this.url}?${query}`, { method: "POST", headers: this.headers(), body });
  }

  async go() {
    let came = 0;
    let failed = 0;
    while (came < this.file.size && !this.dropped) {
      let answer;
      try {
        answer = await this.part(came);
      } catch {
        answer = null;
      }
      if (answer && (answer.ok || answer.status === 409 || answer.status === 403 || answer.status === 400)) {
        const said = await answer.json().catch(() => ({}));
        if (!answer.ok) return this.refused(said.refused);
        // a part joins on behind whole chunks; where it did not, the node says how far the file came
        came = said.came >= this.file.size ? said.came : said.came - (said.came % 65536);
        failed = 0;
        this.line.querySelector("progress").value = came / this.file.size;
      } else {
        if (failed >= PATIENCE.length) return this.refused(this.box.dataset.failed);
        await wait(PATIENCE[failed++]);
      }
    }
    if (!this.dropped) this.done();
  }

  done() {
    this.line.querySelector("progress").remove();
    const field = this.line.querySelector("[data-field]");
    field.value = this.id;
    field.name = "attachments";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  refused(why) {
    this.line.querySelector("progress").remove();
    const said = this.line.querySelector("[data-said]");
    said.textContent = why || this.box.dataset.failed;
    said.hidden = false;
  }

  drop() {
    this.dropped = true;
    this.line.remove();
    fetch(`${this.url}/drop`, { method: "POST", headers: this.headers() });
  }
}

const begin = (box) => {
  const input = box.querySelector("input[type=file]");
  const form = box.closest("form");
  let running = 0;
  input.closest("label").hidden = false;
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    running += 1;
    form.querySelectorAll("button:not([type=button])").forEach((button) => { button.disabled = true; });
    for (const file of files) await new Hand(box, file).go();
    running -= 1;
    if (!running) form.querySelectorAll("button:not([type=button])").forEach((button) => { button.disabled = false; });
  });
  for (const line of box.querySelectorAll("[data-attached] > li")) {
    line.querySelector("[data-drop]").addEventListener("click", () => {
      const url = box.dataset.attach.replace("00000000-0000-0000-0000-000000000000", line.dataset.id);
      line.remove();
      fetch(`${url}/drop`, {
        method: "POST",
        headers: { "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value },
      });
    });
  }
};

document.querySelectorAll("[data-attach]").forEach(begin);

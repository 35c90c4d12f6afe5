// The builder of a filter: groups and conditions as fields. It draws a tree and tells of every change of it.
import { choice, icon, make } from "./dom.js";
import { GROUPS, lacks, newCondition, newGroup, operatorsOf, takesList, TYPES } from "./where.js";

const SUBJECTS = { metadata: "Metadata", document: "Document", id: "Id" };
const MOST_DEPTH = 8;

export class Builder {
  // place:    the element to draw into
  // prefix:   of the ids of its fields
  // keys:     known metadata keys with the types of their values
  // changed:  called after a change by hand
  constructor(place, prefix, keys, changed) {
    Object.assign(this, { place, prefix, keys, changed });
    this.show(newGroup());
  }

  // Draw another tree, as after the JSON was edited.
  show(tree) {
    this.tree = tree;
    this.draw();
  }

  draw(focus = null) {
    this.place.replaceChildren(this.group(this.tree, "0", null));
    if (focus) document.getElementById(focus)?.focus();
  }

  // After a change of the tree's shape: draw anew, and leave the focus where it was or belongs.
  reshape(focus) {
    this.draw(focus);
    this.changed(this.tree);
  }

  id(path, part) {
    return `${this.prefix}-${path}-${part}`;
  }

  group(tree, path, remove) {
    const label = path === "0" ? "Conditions" : `Group ${path.slice(2).replaceAll("-", ".")}`;
    const operator = choice(GROUPS, tree.operator, {
      id: this.id(path, "operator"),
      "aria-label": `${label}: which conditions must hold`,
      onchange: (event) => { tree.operator = event.target.value; this.changed(this.tree); },
    });
    const head = make("div", { class: "clauses-head" }, operator);
    if (remove) head.append(this.removal(`Remove ${label.toLowerCase()}`, remove));
    const parts = tree.parts.map((part, at) => {
      const own = `${path}-${at + 1}`;
      const drop = () => { tree.parts.splice(at, 1); this.reshape(this.id(path, "add")); };
      return make("li", {}, part.kind === "group" ? this.group(part, own, drop) : this.condition(part, own, drop, tree, at));
    });
    const add = (part) => {
      tree.parts.push(part);
      this.reshape(this.id(`${path}-${tree.parts.length}`, part.kind === "group" ? "operator" : "subject"));
    };
    const foot = make("div", { class: "clauses-foot" },
      make("button", { type: "button", class: "button small", id: this.id(path, "add"), onclick: () => add(this.first()) }, icon("plus"), "Condition"));
    if (path.split("-").length < MOST_DEPTH) {
      foot.append(make("button", { type: "button", class: "button small", onclick: () => add(newGroup(tree.operator === "$and" ? "$or" : "$and", [this.first()])) }, icon("plus"), "Group"));
    }
    const box = make("div", { class: "clauses", role: "group", "aria-label": label }, head);
    if (parts.length) box.append(make("ul", {}, ...parts));
    else if (path === "0") box.append(make("p", { class: "quiet small", text: "No condition: every record." }));
    box.append(foot);
    return box;
  }

  // A condition to begin with, on the first known key.
  first() {
    const key = Object.keys(this.keys)[0] ?? "";
    return newCondition("metadata", key, this.typeOf(key) ?? "string");
  }

  typeOf(key) {
    const known = Object.hasOwn(this.keys, key) ? this.keys[key] : [];
    return known.find((one) => Object.hasOwn(TYPES, one)) ?? null;
  }

  removal(label, remove) {
    return make("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: remove }, icon("close"));
  }

  condition(one, path, remove, parent, at) {
    const name = `Condition ${path.slice(2).replaceAll("-", ".")}`;
    const trouble = make("p", { class: "errorlist", id: this.id(path, "trouble") });
    const tell = () => {
      trouble.textContent = lacks(one);
      trouble.hidden = !trouble.textContent;
    };
    const told = () => { tell(); this.changed(this.tree); };
    const field = (part, label) => ({ id: this.id(path, part), "aria-label": `${name}: ${label}`, "aria-describedby": trouble.id });
    const subject = choice(SUBJECTS, one.subject, {
      ...field("subject", "what is compared"),
      class: one.subject === "metadata" ? null : "lead",
      onchange: (event) => {
        parent.parts[at] = event.target.value === "metadata" ? this.first() : newCondition(event.target.value);
        this.reshape(this.id(path, "subject"));
      },
    });
    const row = make("div", { class: "clause", role: "group", "aria-label": name }, subject);
    if (one.subject === "metadata") row.append(this.key(one, path, field, told));
    row.append(this.removal(`Remove ${name.toLowerCase()}`, remove));
    if (one.subject === "metadata") row.append(this.type(one, path, field));
    row.append(this.operator(one, path, field), this.values(one, path, name, told, trouble.id), trouble);
    tell();
    return row;
  }

  key(one, path, field, told) {
    return make("input", {
      ...field("key", "key"), type: "text", list: "playground-keys", placeholder: "key", autocomplete: "off", spellcheck: "false", value: one.key,
      oninput: (event) => { one.key = event.target.value; told(); },
      onchange: () => {
        const type = this.typeOf(one.key);
        if (type && type !== one.type) this.retype(one, type, this.id(path, "key"));
      },
    });
  }

  type(one, path, field) {
    return choice(TYPES, one.type, { ...field("type", "type of the value"), onchange: (event) => this.retype(one, event.target.value, this.id(path, "type")) });
  }

  // Another type: the operator stays when it fits, the values are kept as they were typed.
  retype(one, type, focus) {
    one.type = type;
    if (!Object.hasOwn(operatorsOf(one.subject, type), one.operator)) one.operator = "$eq";
    if (type === "bool") one.values = one.values.map((value) => (value === "false" ? "false" : "true"));
    this.reshape(focus);
  }

  operator(one, path, field) {
    return choice(operatorsOf(one.subject, one.type), one.operator, {
      ...field("operator", "how to compare"),
      class: one.subject === "metadata" ? null : "full",
      onchange: (event) => {
        one.operator = event.target.value;
        if (!takesList(one.operator)) one.values = one.values.slice(0, 1);
        this.reshape(this.id(path, "operator"));
      },
    });
  }

  values(one, path, name, told, troubleId) {
    const box = make("div", { class: "values full" });
    const isList = takesList(one.operator);
    one.values.forEach((value, at) => {
      const attributes = {
        id: this.id(path, `value-${at}`), "aria-label": isList ? `${name}: value ${at + 1}` : `${name}: value`, "aria-describedby": troubleId,
        [one.type === "bool" ? "onchange" : "oninput"]: (event) => { one.values[at] = event.target.value; told(); },
      };
      const isNumber = one.type === "int" || one.type === "float";
      const input = one.type === "bool"
        ? choice({ true: "true", false: "false" }, value, attributes)
        : make("input", { ...attributes, type: "text", value, placeholder: "value", autocomplete: "off", spellcheck: "false", inputmode: isNumber ? "decimal" : null });
      const line = make("div", { class: "value" }, input);
      if (isList && one.values.length > 1) {
        line.append(this.removal(`Remove value ${at + 1}`, () => { one.values.splice(at, 1); this.reshape(this.id(path, "more")); }));
      }
      box.append(line);
    });
    if (isList) {
      box.append(make("button", {
        type: "button", class: "button small plain", id: this.id(path, "more"),
        onclick: () => { one.values.push(one.type === "bool" ? "true" : ""); this.reshape(this.id(path, `value-${one.values.length - 1}`)); },
      }, icon("plus"), "Value"));
    }
    return box;
  }
}

// Checks a document with its shadow roots, templates and frames: lists every element, attribute, URL, id and name that
// our pages do not use. Forms may only be sent to `service`.
(service) => {
  const PAGE = "html head body main title link meta h1 h2 h3 section bdi b a p nav ol ul li article header footer time";
  const FORM = "form input textarea label button fieldset legend template div span details summary output";
  const TYPED = "a blockquote br code del em li ol p pre strong ul b i q s strike";
  const HOST = "iframe comment-thread comment-count script slot"; // on the host's own part of a page only
  const WORDS = "id class lang dir href rel title datetime role tabindex content charset itemprop itemscope itemtype";
  const FIELDS = "method action name type value autocomplete maxlength required rows checked hidden autofocus readonly";
  const MORE = "part aria-busy open inputmode formnovalidate";
  const LINKS = { a: ["href", "title", "rel"], ol: ["start"] };
  const IDS = /^(replies|form|hint|(error|hint)[\w-]*|comment-([\w-]{1,100}|~)|above-[\w-]{36}|[at][0-9a-f]{12}|thread-\d+)$/;
  const NAMES = /^(body|name|email|url|home|time|parent|reason|note|contact|viewport|preview|quote|forget)$/;
  const COLORS = /^(--ink: ?[^;]+; ?--paper: ?[^;]+;?)?$/;
  const elements = new Set(`${PAGE} ${FORM} ${TYPED}`.split(" "));
  const typed = new Set(TYPED.split(" "));
  const attributes = new Set(`${WORDS} ${FIELDS} ${MORE}`.split(" "));
  const found = [];

  const walk = (root, inThread) => {
    for (const element of root.children) {
      const name = element.localName;
      const isThread = inThread || element.matches("section.thread");
      const isTyped = element.parentElement?.closest(".body") != null;
      const report = (what) => found.push(`${what} in ${element.outerHTML.slice(0, 200)}`);
      if (isTyped ? !typed.has(name) : !elements.has(name) && (isThread || !HOST.split(" ").includes(name))) report(name);
      if (element.namespaceURI !== "http://www.w3.org/1999/xhtml") report(element.namespaceURI);
      if (isThread && ["link", "title", "body", "head"].includes(name)) report(name);
      for (const attribute of HOST.split(" ").includes(name) ? [] : element.attributes) {
        const given = attribute.name;
        const isKnown = isTyped
          ? (LINKS[name] ?? []).includes(given)
          : given === "style"
          ? element.matches("section.thread") && COLORS.test(attribute.value)
          : attributes.has(given) || /^(data|aria)-[a-z-]+$/.test(given);
        if (!isKnown) report(given);
        if (given === "id" && attribute.value && !IDS.test(attribute.value)) report(`id ${attribute.value}`);
        if (given === "name" && !NAMES.test(attribute.value)) report(`name ${attribute.value}`);
      }
      for (const address of ["href", "action", "src", "formAction"]) {
        if (element.getAttribute(address) === null) continue;
        if (!URL.canParse(element[address], document.baseURI)) {
          report(`no address: ${address}`);
          continue;
        }
        const url = new URL(element[address], document.baseURI);
        if (!/^https?:$/.test(url.protocol)) report(url.protocol);
        if (address === "action" && url.origin !== service) report(`to ${url}`);
      }
      if (element.shadowRoot) walk(element.shadowRoot, true);
      if (name === "template") walk(element.content, isThread);
      if (name === "iframe" && element.contentDocument) walk(element.contentDocument, false);
      walk(element, isThread);
    }
  };
  walk(document, false);
  return found;
}

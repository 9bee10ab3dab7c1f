addEventListener("DOMContentLoaded", async () => {
  const place = document.getElementById("viewer");
  try {
    const response = await fetch(place.dataset.document);
    if (!response.ok) throw new Error(`the response is a ${response.status}`);
    const content = await response.json();
    // The server `/` is the root of the API, which a stage or a base path may precede.
    const root = new URL(place.dataset.root, document.baseURI).href.replace(/\/$/, "");
    const servers = content.servers?.length ? content.servers : [{ url: "/" }];
    content.servers = servers.map((server) => (server.url === "/" ? { ...server, url: root } : server));
    show(place, content);
  } catch (error) {
    place.textContent = `The API cannot be shown: ${error.message}`;
  }
});

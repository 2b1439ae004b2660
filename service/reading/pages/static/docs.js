// Start Scalar on /docs. It is configured to send nothing to other hosts; the page's policy would block it anyway.

// Zod, a part of Scalar, compiles its checks with eval unless it is configured not to.
globalThis.__zod_globalConfig = { jitless: true };

document.addEventListener("DOMContentLoaded", () => {
  globalThis.Scalar.createApiReference("#reference", {
    url: "openapi.json",
    layout: "modern",
    modelsSectionLabel: "Schemas",
    documentDownloadType: "direct",
    generateOperationSlug: ({ operationId }) => operationId,
    hideDarkModeToggle: true, // the page follows the system, as all other pages do
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: "never",
  });
});

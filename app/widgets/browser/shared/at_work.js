/** Whether the server is at work on this page: what was said to it waits there, and what it draws is not all there yet. */
function atWork() {
  const app = document.querySelector("[data-testid=stApp]")
  return ["running", "rerunRequested"].includes(app?.getAttribute("data-test-script-state"))
}

/** Whether the server is at work on this page: what was said to it waits there, and to say it again would only be more work. */
function atWork() {
  const app = document.querySelector("[data-testid=stApp]")
  return ["running", "rerunRequested"].includes(app?.getAttribute("data-test-script-state"))
}

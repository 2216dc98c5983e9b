new EventSource("api/stream").onmessage = (event) => {
  document.getElementById("state").textContent = JSON.stringify(JSON.parse(event.data), null, 2);
};

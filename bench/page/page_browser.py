# SPDX-License-Identifier: Apache-2.0
"""A page in Chromium without a window, by the DevTools protocol over two pipes
(--remote-debugging-pipe). Pipes need no package, no port, and nothing of the browser's version."""

import base64
import json
import os
import shutil
import signal
import tempfile

SECONDS = 300  # for any answer of the browser, on a machine however busy
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-extensions",
    "--remote-debugging-pipe",
    "about:blank",
]


def late(*_):
    raise TimeoutError(f"chromium has not answered for {SECONDS} s")


class Browser:
    """Use in `with`. Everything that the page does is in `events`, as (method, parameters)."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory()
        to_browser, self.outgoing = os.pipe()
        self.incoming, from_browser = os.pipe()
        nowhere = os.open(os.devnull, os.O_RDWR)
        copies = [
            (nowhere, 0),
            (nowhere, 1),
            (nowhere, 2),
            (to_browser, 13),
            (from_browser, 14),
            (13, 3),
            (14, 4),
        ]
        actions = [(os.POSIX_SPAWN_DUP2, source, target) for source, target in copies]
        actions += [(os.POSIX_SPAWN_CLOSE, 13), (os.POSIX_SPAWN_CLOSE, 14)]
        program = shutil.which("chromium")
        assert program, "there is no chromium; Debian's package of that name has it"
        command = [program, f"--user-data-dir={self.profile.name}", *OPTIONS]
        environment = os.environ | {"HOME": self.profile.name}
        self.process = os.posix_spawn(
            program, command, environment, file_actions=actions, setpgroup=0
        )
        for end in (to_browser, from_browser, nowhere):
            os.close(end)
        self.buffer, self.events, self.last, self.session = b"", [], 0, None
        signal.signal(signal.SIGALRM, late)
        try:
            self.open_page()
        except BaseException:
            self.__exit__()
            raise
        return self

    def open_page(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def __exit__(self, *_):
        os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.outgoing)
        os.close(self.incoming)
        shutil.rmtree(self.profile.name, ignore_errors=True)

    def receive(self):
        """The next message. Events are kept."""
        signal.alarm(SECONDS)
        while b"\0" not in self.buffer:
            part = os.read(self.incoming, 1 << 20)
            assert part, "chromium has ended; run it by hand to see why"
            self.buffer += part
        signal.alarm(0)
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
            if message["method"] == "Page.javascriptDialogOpening":
                self.send("Page.handleJavaScriptDialog", accept=False)  # the page waits for it
        return message

    def send(self, method, **parameters):
        """Returns the message's number, which its answer has."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.outgoing, json.dumps(message).encode() + b"\0")
        return self.last

    def call(self, method, **parameters):
        number = self.send(method, **parameters)
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def show(self, url, width=1280, is_dark=False):
        """Loads the page anew, in a window of that width."""
        self.set_width(width)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        loader = self.call("Page.navigate", url=url)["loaderId"]
        while not any(
            method == "Page.lifecycleEvent"
            and (event["loaderId"], event["name"]) == (loader, "load")
            for method, event in self.events
        ):
            self.receive()
        self.settle()

    def set_width(self, width):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def settle(self):
        """Waits for the page to be painted twice, after which observers of sizes were called."""
        self.value("""new Promise((done) =>
            requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))""")

    def value(self, expression):
        """What the expression, or its promise, gives, by way of JSON."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, path, clip=None):
        """Of the whole page, however long."""
        area = clip or self.value(
            "({x: 0, y: 0, width: innerWidth, height: document.documentElement.scrollHeight})"
        )
        picture = self.call(
            "Page.captureScreenshot", captureBeyondViewport=True, clip=area | {"scale": 1}
        )
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

// Scans a QR code with the camera. The picture stays in this page.

const EVERY_MS = 150;

/** Whether this browser can read QR codes and has a camera. */
export async function canScan() {
  try {
    if (!window.BarcodeDetector || !navigator.mediaDevices) return false;
    const formats = await BarcodeDetector.getSupportedFormats();
    const devices = await navigator.mediaDevices.enumerateDevices();
    return formats.includes("qr_code") && devices.some(({ kind }) => kind === "videoinput");
  } catch {
    return false;
  }
}

/** Shows the camera in a <video> and calls `onText` with each text that it reads, until `stop()`. */
export class Scanner {
  constructor(video, onText) {
    this.video = video;
    this.onText = onText;
    this.stream = null;
    addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.stop();
    });
  }

  /** Rejects if the camera may not or cannot be used. */
  async start() {
    const run = {};
    this.run = run;
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    if (this.run !== run) return end(stream); // stopped meanwhile
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    while (this.run === run) {
      for (const { rawValue } of await found(detector, this.video)) {
        if (this.run === run) this.onText(rawValue);
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  stop() {
    this.run = null;
    if (this.stream) end(this.stream);
    this.stream = null;
    this.video.srcObject = null;
  }
}

const end = (stream) => stream.getTracks().forEach((track) => track.stop());

/** The codes in the picture; none while there is no picture yet. */
async function found(detector, video) {
  try {
    return await detector.detect(video);
  } catch {
    return [];
  }
}

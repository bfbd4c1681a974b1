// Files that come from the server or are made in the page: read with word of how far it is, and handed to the browser to be saved.

export async function fileOf(response: Response, onBytes: (bytes: number) => void = () => {}): Promise<Blob> {
  const reader = response.body!.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = 0; ; onBytes(bytes)) {
    const { done, value } = await reader.read();
    if (done) return new Blob(chunks, { type: response.headers.get('content-type') ?? '' });
    chunks.push(value);
    bytes += value.length;
  }
}

export function saveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export async function runMutants(_name: string | undefined): Promise<boolean> {
  return true;
}

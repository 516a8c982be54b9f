/** Apps. */
export default function Apps() {
  return <h1>Apps</h1>;
}
